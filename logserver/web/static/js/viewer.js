// The viewer in another site's frame: its token stands behind the # of its address, and goes to the server in a header only.
function token() {
    return new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
}

const begin = () => document.body.dispatchEvent(new CustomEvent("begin"));

document.body.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers.Authorization = `Bearer ${token()}`;
    for (const name of [...event.detail.formData.keys()]) {
        if (!event.detail.formData.get(name)) event.detail.formData.delete(name);
    }
});

// What the server says when it refuses is a part of the page as well.
document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 500 && !event.detail.xhr.responseText.startsWith("<")) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
});

// The page around the frame may give it another token by another fragment, which loads nothing anew.
addEventListener("hashchange", begin);
document.addEventListener("htmx:load", begin, { once: true });
