#!/bin/sh
# logserver @VERSION@ for @SYSTEM@.
# An archive follows this script. The first start of a version unpacks it, later ones only look whether it is there;
# either way the program then takes the place of this shell. It is unpacked into a folder logserver-UID in the first of
# these where that works: $LOGSERVER_UNPACK_TO, the cache of the service, $XDG_CACHE_HOME, ~/.cache, $TMPDIR or /tmp.
set -eu
release=@RELEASE@

# Whether this folder is this user's own, and closed to others; it is made if need be.
own() {
    [ ! -L "$1" ] && (umask 077 && mkdir -p "$1" 2>/dev/null) && [ -O "$1" ] && chmod 700 "$1"
}

unpack() {
    umask 077
    unpacking=$(mktemp -d "$1/.unpacking.XXXXXX" 2>/dev/null) || return 1
    trap 'rm -rf "$unpacking"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # Nothing is left on a file system that is mounted noexec; the archive has a file of this name.
    if ! (: > "$unpacking/logserver" && chmod 700 "$unpacking/logserver") 2>/dev/null; then return 1; fi
    if [ ! -x "$unpacking/logserver" ]; then
        echo "programs in $1 cannot be run"
        return 1
    fi
    if ! complaint=$(tail -n +@LINES@ "$0" | tar -xzf - -C "$unpacking" 2>&1); then
        printf '%s\n' "$complaint" | head -n 1
        return 1
    fi
    # After a power cut what has this name is whole, or it is not there.
    sync -f "$unpacking" 2>/dev/null || sync
    # Where another start was faster, its copy is as good.
    mv -T "$unpacking" "$1/$release" 2>/dev/null || [ -e "$1/$release/logserver" ]
}

# Other versions go, unless somebody runs them.
tidy() {
    for other in "$1"/*-*; do
        if [ "$other" != "$1/$release" ] && ! ls -l /proc/[0-9]*/exe 2>/dev/null | grep -qF -- "-> $other/"; then
            rm -rf "$other"
        fi
    done
}

said=
# The owner of a service's cache finds there what the service has unpacked.
service=/var/cache/logserver
[ -O "$service" ] || service=
for folder in "${LOGSERVER_UNPACK_TO:-}" "${CACHE_DIRECTORY:-$service}" "${XDG_CACHE_HOME:-}" "${HOME:+$HOME/.cache}" \
    "${TMPDIR:-/tmp}"; do
    place=$folder/logserver-$(id -u)
    if [ -z "$folder" ] || ! own "$place"; then continue; fi
    if [ ! -e "$place/$release/logserver" ]; then
        # In a shell of its own, so that what was half unpacked is gone before the next place is tried.
        said=$(unpack "$place") || continue
        tidy "$place"
    fi
    # Not so where the file system was mounted noexec since.
    if [ -x "$place/$release/logserver" ]; then
        LOGSERVER_CALLED=$0 exec "$place/$release/logserver" "$@"
    fi
done
echo "Error: there is no place to unpack the program to${said:+ ($said)};" \
    "name a folder in LOGSERVER_UNPACK_TO that you can write to and run programs from" >&2
exit 1
