/* The list of records: a row opens its whole record, the histogram is brushed, exports tell how far they are. */
import "./line-times.js";
import { localTimes, say } from "./page.js";

const table = document.getElementById("lines");

async function open(row) {
    const next = row.nextElementSibling;
    const link = row.querySelector(".when a");
    if (next?.classList.contains("whole")) {
        next.remove();
        row.classList.remove("open");
        link.setAttribute("aria-expanded", "false");
        return;
    }
    const whole = document.createElement("tr");
    whole.className = "whole";
    const cell = whole.insertCell();
    cell.colSpan = row.cells.length;
    cell.textContent = "Loading…";
    row.after(whole);
    row.classList.add("open");
    link.setAttribute("aria-expanded", "true");
    const carried = table.dataset.carried;
    const address = carried ? carried.replace("/events/X", `/events/${row.dataset.id}`) : link.href;
    try {
        const answer = await fetch(address, { headers: { "HX-Request": "true" } });
        const elsewhere = answer.headers.get("HX-Redirect");
        if (elsewhere) { location.assign(elsewhere); return; }
        const text = await answer.text();
        if (answer.ok) cell.innerHTML = text;
        else cell.textContent = text.slice(0, 300);
    } catch {
        cell.textContent = "The server cannot be reached.";
    }
    localTimes(cell);
}

if (table) {
    table.addEventListener("click", (event) => {
        const row = event.target.closest("tr.line");
        if (!row || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        const link = event.target.closest("a");
        if (link && !link.closest(".when")) return;
        if (!link && String(getSelection())) return;
        event.preventDefault();
        open(row);
    });
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
        if (event.key === "/" && document.getElementById("q")) {
            event.preventDefault();
            document.getElementById("q").focus();
        }
        if (event.key !== "j" && event.key !== "k") return;
        const rows = [...table.querySelectorAll("tr.line")];
        const at = rows.indexOf(document.activeElement?.closest?.("tr.line"));
        const row = rows[event.key === "j" ? at + 1 : Math.max(at - 1, 0)];
        row?.querySelector(".when a").focus();
    });
    for (const row of table.querySelectorAll("tr.line")) row.classList.add("opens");
}

const chart = document.getElementById("histogram");
if (chart) {
    const since = Number(chart.dataset.since);
    const until = Number(chart.dataset.until);
    const bucket = Number(chart.dataset.bucket);
    const buckets = (until - since) / bucket;
    const brush = chart.querySelector(".brush");
    let begun = null;
    const place = (event) => {
        const box = chart.getBoundingClientRect();
        return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * buckets;
    };
    const range = (event) => {
        const at = place(event);
        return [Math.floor(Math.min(begun, at)), Math.min(Math.floor(Math.max(begun, at)) + 1, buckets)];
    };
    const end = () => { begun = null; brush.setAttribute("width", "0"); };
    chart.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        begun = place(event);
        chart.setPointerCapture(event.pointerId);
    });
    chart.addEventListener("pointermove", (event) => {
        if (begun === null) return;
        const [from, to] = range(event);
        brush.setAttribute("x", String(from));
        brush.setAttribute("width", String(to - from));
    });
    chart.addEventListener("pointerup", (event) => {
        if (begun === null) return;
        const [from, to] = range(event);
        end();
        const goal = new URL(chart.dataset.goal, location.href);
        goal.searchParams.set("range", "custom");
        goal.searchParams.set("from", new Date(since + from * bucket).toISOString());
        goal.searchParams.set("to", new Date(since + to * bucket).toISOString());
        location.assign(goal);
    });
    chart.addEventListener("pointercancel", end);
}

// Who types a time and presses Enter means that time, not the one that was chosen from the list before.
for (const field of document.querySelectorAll("#from, #to")) {
    field.addEventListener("input", () => { document.getElementById("range").value = "custom"; });
}

const shown = document.getElementById("export");
for (const link of document.querySelectorAll("[data-export]")) {
    link.addEventListener("click", () => {
        const name = crypto.randomUUID?.() ?? `${Date.now()}-${Math.floor(Math.random() * 1e9)}`;
        const goal = new URL(link.href);
        goal.searchParams.set("name", name);
        link.href = goal;
        follow(name);
    });
}

async function follow(name) {
    const said = shown.querySelector("[role=status]");
    const total = Number(shown.dataset.total);
    said.hidden = false;
    said.textContent = "Begins…";
    for (let missed = 0; missed < 20;) {
        await new Promise((done) => setTimeout(done, 500));
        const answer = await fetch(`${shown.dataset.progress}?name=${name}`).catch(() => null);
        if (!answer?.ok) { missed += 1; continue; }
        const { events, bytes, state, reason } = await answer.json();
        const of = total >= events && state === "running" ? ` of ${total.toLocaleString()}` : "";
        said.textContent = `${events.toLocaleString()}${of} records, ${(bytes / 1e6).toFixed(1)} MB${state === "done" ? ": done" : ""}`;
        if (state === "broken") { say(reason); said.textContent += `: ${reason}`; }
        if (state !== "running") return;
    }
    said.textContent = "The export did not begin; are three others under way?";
}

document.querySelector("#q[data-position]")?.setSelectionRange(
    Number(document.getElementById("q").dataset.position), Number(document.getElementById("q").dataset.position) + 1);
