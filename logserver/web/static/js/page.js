/* What every page does with scripts on: local times, copying, refusals that are said, a menu that is open where there is room. */
const forms = {
    clock: { dateStyle: "medium", timeStyle: "medium" },
    exact: { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 },
    day: { dateStyle: "medium" },
};

export function localTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
        const at = new Date(time.dateTime);
        if (Number.isNaN(at.getTime())) continue;
        const form = forms[time.dataset.form];
        if (form) time.textContent = new Intl.DateTimeFormat(undefined, form).format(at);
        time.title = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" }).format(at);
    }
}

// A table that is wider than its place scrolls, and so the keyboard must reach it; one that is not need not be stopped at.
const sized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
        if (target.scrollWidth <= target.clientWidth) {
            for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
            continue;
        }
        target.tabIndex = 0;
        target.setAttribute("role", "region");
        target.setAttribute("aria-label", target.closest("section, .panel")?.querySelector("h2, h3")?.textContent.trim() || "Table");
    }
});

function reachTables(root) {
    for (const box of root.querySelectorAll(".table:not([tabindex])")) sized.observe(box);
}

export function say(text, kind = "bad") {
    document.querySelector(".toast")?.remove();
    const toast = document.createElement("p");
    toast.className = `note toast ${kind}`;
    toast.setAttribute("role", "alert");
    toast.textContent = text;
    document.body.append(toast);
    setTimeout(() => toast.remove(), 8000);
}

document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const text = source.value ?? source.textContent;
    try {
        await navigator.clipboard.writeText(text.trim());
    } catch {
        // Without HTTPS browsers keep the clipboard to themselves; what is marked can be copied by hand.
        getSelection().selectAllChildren(source);
        say("Marked; copy it with Ctrl+C.", "warn");
        return;
    }
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = before; }, 1500);
});

document.addEventListener("submit", (event) => {
    const asked = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (asked && !confirm(asked)) event.preventDefault();
});

document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

document.addEventListener("htmx:responseError", (event) => say(event.detail.xhr.responseText.slice(0, 300) || "The server refused this."));
document.addEventListener("htmx:sendError", () => say("The server cannot be reached."));
document.addEventListener("htmx:load", (event) => {
    localTimes(event.detail.elt);
    reachTables(event.detail.elt);
});

for (const field of document.querySelectorAll("[data-only-with-scripts]")) field.hidden = false;
localTimes(document);
reachTables(document);
