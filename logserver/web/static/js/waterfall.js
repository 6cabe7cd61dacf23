/* Folds the rows of a waterfall: each row says how deep it stands and how many rows are below it. */
const table = document.getElementById("waterfall");
const rows = table ? [...table.tBodies[0].rows] : [];
const folded = new Set(rows.filter((row) => "folded" in row.dataset));

function below(row) {
    return Number(row.dataset.below ?? 0);
}

function show() {
    let hiddenUntil = 0;
    rows.forEach((row, at) => {
        row.hidden = at < hiddenUntil;
        if (!row.hidden && folded.has(row)) hiddenUntil = at + 1 + below(row);
        const button = row.querySelector(".fold");
        if (button) {
            const open = !folded.has(row);
            button.setAttribute("aria-expanded", String(open));
            button.textContent = open ? "▾" : "▸";
            button.title = open ? "Fold" : `Unfold ${below(row)}`;
        }
    });
}

for (const row of rows) {
    const name = row.querySelector(".name");
    if (!below(row)) {
        const space = document.createElement("span");
        space.className = "nothing";
        name.prepend(space);
        continue;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "bare fold";
    button.setAttribute("aria-label", `What is below ${name.querySelector("a").textContent}`);
    name.prepend(button);
    button.addEventListener("click", () => {
        if (!folded.delete(row)) folded.add(row);
        show();
    });
}

document.querySelector("[data-unfold]")?.addEventListener("click", () => {
    folded.clear();
    show();
});
document.querySelector("[data-fold]")?.addEventListener("click", () => {
    for (const row of rows) if (below(row) && Number(row.dataset.depth) > 0) folded.add(row);
    show();
});
table?.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    const at = rows.indexOf(row);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
        let next = at + step;
        while (rows[next]?.hidden) next += step;
        rows[next]?.querySelector("a").focus();
    } else if (event.key === "ArrowLeft" && below(row)) {
        folded.add(row);
        show();
    } else if (event.key === "ArrowRight" && below(row)) {
        folded.delete(row);
        show();
    } else {
        return;
    }
    event.preventDefault();
});
show();
