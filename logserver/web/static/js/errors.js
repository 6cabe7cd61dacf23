/* Keys of the inbox and of an error's page, ticking rows, and copying what another address has. */
import { say } from "./page.js";

const list = document.getElementById("groups");
const rows = list ? [...list.querySelectorAll("tr[data-group]")] : [];
const triage = document.getElementById("triage");
const help = document.getElementById("keys");
let at = -1;

function tickOf(row) { return row.querySelector("input[name=group]"); }

function told() {
    const n = rows.filter((row) => tickOf(row).checked).length;
    list.querySelector(".ticked").textContent = n ? `${n} ticked` : "";
    const all = list.querySelector("[data-all]");
    all.checked = n === rows.length;
    all.indeterminate = n > 0 && n < rows.length;
    for (const row of rows) row.classList.toggle("ticked", tickOf(row).checked);
}

function goTo(place, { focus = true } = {}) {
    if (!rows.length) return;
    rows[at]?.classList.remove("current");
    at = Math.max(0, Math.min(place, rows.length - 1));
    rows[at].classList.add("current");
    if (focus) {
        rows[at].querySelector(".title").focus({ preventScroll: true });
        rows[at].scrollIntoView({ block: "nearest" });
    }
}

function press(form, button) {
    if (!button) return;
    form.requestSubmit(button);
}

function decide(status) {
    if (triage) return press(triage, triage.querySelector(`button[value=${status}]`));
    const button = list?.querySelector(`button[value=${status}]`);
    if (!button || !chosen()) return;
    press(list, button);
}

function chosen() {
    if (rows.some((row) => tickOf(row).checked)) return true;
    if (at < 0) { say("Choose an error first, with j and k.", "warn"); return false; }
    tickOf(rows[at]).checked = true;
    sessionStorage.setItem("inbox-at", String(at));
    return true;
}

function assign() {
    if (list) {
        if (chosen()) press(list, list.querySelector("#assignee + button"));
        return;
    }
    const select = document.querySelector("#assign select");
    select.value = select.dataset.me;
    select.form.requestSubmit();
}

function follow(selector) { document.querySelector(selector)?.click(); }

const inInbox = {
    j: () => goTo(at + 1),
    k: () => goTo(at - 1),
    o: () => rows[at]?.querySelector(".title").click(),
    x: () => {
        if (at < 0) goTo(0);
        if (at >= 0) tickOf(rows[at]).click();
    },
    "/": () => document.getElementById("q").select(),
};
const onPage = {
    j: () => follow("a[rel=prev]"),
    k: () => follow("a[rel=next]"),
    c: () => follow("[data-copy-from]"),
    b: () => follow("[data-inbox]"),
};
const keys = {
    e: () => decide("resolved"),
    i: () => decide("ignored"),
    y: () => decide("archived"),
    u: () => decide("unresolved"),
    a: assign,
    "?": () => help.showModal(),
    ...(triage ? onPage : inInbox),
};

document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || help?.open) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
    // In a ticked box, Enter would press the first button of the form.
    const key = event.key === "Enter" && event.target.matches("input[name=group]") ? "o" : event.key;
    const act = keys[key];
    if (!act) return;
    event.preventDefault();
    act();
});

for (const button of document.querySelectorAll("[data-keys]")) button.addEventListener("click", () => help.showModal());

if (list) {
    list.addEventListener("change", (event) => {
        if (event.target.matches("[data-all]")) for (const row of rows) tickOf(row).checked = event.target.checked;
        told();
    });
    for (const [place, row] of rows.entries()) row.addEventListener("focusin", () => { if (at !== place) goTo(place, { focus: false }); });
    // After something was decided by key, the next error is where the last one was.
    const before = sessionStorage.getItem("inbox-at");
    sessionStorage.removeItem("inbox-at");
    if (before !== null) goTo(Number(before));
    told();
}

document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-copy-from]");
    if (!link || !navigator.clipboard) return;  // without HTTPS the link just opens
    event.preventDefault();
    const answer = await fetch(link.href);
    if (!answer.ok) { say("This could not be read."); return; }
    try {
        await navigator.clipboard.writeText(await answer.text());
        const before = link.textContent;
        link.textContent = "Copied";
        setTimeout(() => { link.textContent = before; }, 1500);
    } catch {
        location.assign(link.href);
    }
});
