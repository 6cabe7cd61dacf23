/* The live tail: rows come in at the top; who scrolls down, or presses Pause, is not disturbed. */
import { lineTimes } from "./line-times.js";
import { localTimes } from "./page.js";

const MOST_ROWS = 500;
const MOST_HELD = 500;
const bar = document.getElementById("tail");

if (bar) {
    const body = document.querySelector("#lines tbody");
    const form = document.getElementById("line");
    const state = document.getElementById("tail-state");
    const button = document.getElementById("tail-pause");
    const held = document.getElementById("tail-held");
    const dropped = document.getElementById("tail-dropped");
    let waiting = [];
    let lost = 0;
    let gap = false;
    let paused = false;
    let ended = false;

    const scrolled = () => window.scrollY > bar.offsetTop + 60;

    const say = (text, kind) => {
        state.textContent = text;
        state.className = `chip ${kind}`;
    };

    const lose = (count) => {
        lost += count;
        dropped.hidden = !lost && !gap;
        dropped.textContent = [
            lost ? `${lost.toLocaleString()} left out: more arrives than can be shown` : "",
            gap ? "The connection was lost for long: load the page again for what arrived meanwhile." : "",
        ].filter(Boolean).join(". ");
    };

    const rowOf = (line) => {
        const row = form.content.firstElementChild.cloneNode(true);
        row.id = `r-${line.id}`;
        row.dataset.id = line.id;
        row.classList.add("opens", "fresh");
        row.querySelector("a").href = bar.dataset.record + line.id;
        const time = row.querySelector("time");
        time.dateTime = new Date(line.at).toISOString();
        const level = row.querySelector(".chip");
        level.textContent = line.level;
        if (/^[a-z_]+$/.test(line.level)) level.classList.add(line.level);
        const what = row.querySelector(".what");
        what.querySelector(".message").textContent = line.message || "(no message)";
        if (line.type !== "log") {
            const type = document.createElement("span");
            type.className = "chip";
            type.textContent = line.type;
            what.append(" ", type);
        }
        for (const [name, value] of line.attributes) {
            const attribute = document.createElement("span");
            attribute.className = "attribute";
            const key = document.createElement("span");
            key.textContent = `${name}=`;
            attribute.append(key, value);
            what.append(" ", attribute);
        }
        for (const value of line.cells) {
            const cell = row.insertCell();
            cell.className = "less cell";
            cell.textContent = value;
        }
        localTimes(row);
        lineTimes(row);
        return row;
    };

    const show = (lines) => {
        const rows = lines.filter((line) => !document.getElementById(`r-${line.id}`)).map(rowOf).reverse();
        body.prepend(...rows);
        while (body.rows.length > MOST_ROWS) body.lastElementChild.remove();
    };

    const hold = (lines) => {
        waiting.push(...lines);
        if (waiting.length > MOST_HELD) {
            lose(waiting.length - MOST_HELD);
            waiting = waiting.slice(-MOST_HELD);
        }
    };

    const review = () => {
        const still = paused || scrolled();
        if (!still && waiting.length) {
            const lines = waiting;
            waiting = [];
            show(lines);
        }
        held.hidden = !waiting.length;
        held.textContent = `${waiting.length.toLocaleString()} new`;
        button.textContent = paused ? "Go on" : "Pause";
        if (!ended && source.readyState === EventSource.OPEN) say(still ? "Paused" : "Live", still ? "warn" : "ok");
    };

    const source = new EventSource(bar.dataset.source);
    source.addEventListener("begun", review);
    source.addEventListener("records", (event) => { hold(JSON.parse(event.data)); review(); });
    source.addEventListener("dropped", (event) => lose(Number(event.data)));
    source.addEventListener("gap", () => { gap = true; lose(0); });
    source.addEventListener("ended", (event) => {
        ended = true;
        source.close();
        say(JSON.parse(event.data), "error");
    });
    source.addEventListener("error", () => {
        if (ended) return;
        if (source.readyState === EventSource.CLOSED) say("Refused: too many live tails are open, or you are signed out.", "error");
        else say("The connection is lost; trying again…", "warn");
    });
    addEventListener("scroll", review, { passive: true });
    addEventListener("pagehide", () => source.close());
    // A browser that goes back may show the page as it was left: with a source that is closed.
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
    button.addEventListener("click", () => { paused = !paused; review(); });
    held.addEventListener("click", () => { paused = false; scrollTo({ top: 0 }); review(); });
}
