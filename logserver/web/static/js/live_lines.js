/* The live lines of an agent: shown as they come, held still while somebody reads further up. */
const MOST = 2000;
const list = document.getElementById("lines");
const state = document.getElementById("live-state");
const note = document.getElementById("live-note");
const counter = document.getElementById("live-count");
const find = document.getElementById("find");
const follow = document.getElementById("follow");

let shown = 0;
let lost = 0;
let following = true;

function tell(kind, text) {
    state.className = `chip ${kind}`;
    state.textContent = text;
}

function say(text, kind = "warn") {
    note.className = `note ${kind}`;
    note.textContent = text;
    note.hidden = false;
}

function count() {
    const dropped = lost ? `, ${lost.toLocaleString()} lost on the way` : "";
    counter.textContent = `${shown.toLocaleString()} line${shown === 1 ? "" : "s"}${dropped}`;
}

function part(name, text, kind) {
    const element = document.createElement(name);
    element.textContent = text;
    if (kind) element.className = kind;
    return element;
}

function fits(item) {
    const wanted = find.value.trim().toLowerCase();
    return !wanted || item.textContent.toLowerCase().includes(wanted);
}

function row(line) {
    const item = document.createElement("li");
    const level = String(line.level ?? "").toLowerCase();
    if (["error", "fatal", "warn"].includes(level)) item.className = level;
    const at = new Date(line.timestamp);
    const time = part("time", Number.isNaN(at.getTime()) ? "" : at.toLocaleTimeString());
    time.dateTime = line.timestamp;
    time.title = line.source ?? "";
    item.append(time, part("span", level, "level"), part("span", line.message, "message"));
    item.hidden = !fits(item);
    return item;
}

function add(items) {
    list.append(...items);
    while (list.childElementCount > MOST) list.firstElementChild.remove();
    if (following) list.scrollTop = list.scrollHeight;
    count();
}

function watch() {
    const source = new EventSource(list.dataset.source);
    source.addEventListener("open", () => tell("ok", "live"));
    source.addEventListener("error", () => tell("warning", "connecting again"));
    source.addEventListener("lines", (event) => {
        const lines = JSON.parse(event.data);
        shown += lines.length;
        add(lines.map(row));
    });
    source.addEventListener("lost", (event) => {
        const count = JSON.parse(event.data);
        lost += count;
        add([part("li", `${count.toLocaleString()} lines were lost on the way`, "gap")]);
    });
    source.addEventListener("ending", (event) => say(`These live lines end in ${JSON.parse(event.data)} seconds.`));
    source.addEventListener("ended", (event) => {
        source.close();
        tell("", "ended");
        say(JSON.parse(event.data), "");
        document.getElementById("stop")?.remove();
    });
}

if (list) {
    list.addEventListener("scroll", () => {
        following = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
        follow.hidden = following;
    });
    follow.addEventListener("click", () => {
        following = true;
        follow.hidden = true;
        list.scrollTop = list.scrollHeight;
    });
    find.addEventListener("input", () => {
        for (const item of list.children) item.hidden = !fits(item);
    });
    watch();
}
