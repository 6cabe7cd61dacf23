/* Draws the chart of series with uPlot, in place of the drawing that the page came with. */
const place = document.getElementById("plot");

function ink(name) {
    const probe = document.createElement("span");
    probe.className = name;
    place.append(probe);
    probe.style.color = "var(--ink, var(--muted))";
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
}

function short(value) {
    if (value === null || value === undefined) return "–";
    return new Intl.NumberFormat(undefined, { notation: "compact", maximumSignificantDigits: 4 }).format(value);
}

function deployments(marks) {
    return (plot) => {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.strokeStyle = ink("");
        ctx.fillStyle = ink("");
        ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
        ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
        let free = 0;
        for (const mark of marks) {
            const x = Math.round(plot.valToPos(mark.at, "x", true));
            if (x < bbox.left || x > bbox.left + bbox.width) continue;
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
            const wide = ctx.measureText(mark.release).width;
            if (x > free && x + wide < bbox.left + bbox.width) {
                ctx.fillText(mark.release, x + 3 * devicePixelRatio, bbox.top + 10 * devicePixelRatio);
                free = x + wide + 8 * devicePixelRatio;
            }
        }
        ctx.restore();
    };
}

/* Where a value has no neighbour to draw a line to. */
function alone(values) {
    const none = (value) => value === null || value === undefined;
    return values.flatMap((value, at) => (!none(value) && none(values[at - 1]) && none(values[at + 1]) ? [at] : []));
}

let drawn = null;

function draw() {
    const { times, lines, marks } = JSON.parse(place.dataset.plot);
    const units = [...new Set(lines.map((line) => line.unit))];
    const faint = getComputedStyle(document.documentElement).getPropertyValue("color-scheme") && ink("ground-line");
    const axis = { stroke: faint, grid: { stroke: `color-mix(in srgb, ${faint} 18%, transparent)`, width: 1 }, ticks: { show: false } };
    const options = {
        width: place.clientWidth,
        height: 320,
        scales: Object.fromEntries(units.map((unit) => [unit || "none", { range: (plot, low, high) => [Math.min(low ?? 0, 0), high > 0 ? high * 1.05 : high || 1] }])),
        axes: [
            axis,
            ...units.slice(0, 2).map((unit, at) => ({
                ...axis,
                scale: unit || "none",
                side: at ? 1 : 3,
                grid: at ? { show: false } : axis.grid,
                size: 62,
                label: unit || undefined,
                labelSize: 18,
                values: (plot, values) => values.map(short),
            })),
        ],
        series: [
            { value: (plot, at) => (at === null ? "–" : new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(at * 1000)) },
            ...lines.map((line, at) => ({
                label: line.name,
                scale: line.unit || "none",
                stroke: ink(`l${(at % 6) + 1}`),
                width: 2,
                dash: at >= 6 ? [6, 4] : undefined,
                points: { show: true, size: 4, filter: () => alone(line.values) },
                value: (plot, value) => `${short(value)}${line.unit && value !== null ? ` ${line.unit}` : ""}`,
            })),
        ],
        hooks: { draw: [deployments(marks)] },
    };
    drawn?.destroy();
    place.replaceChildren();
    drawn = new uPlot(options, [times, ...lines.map((line) => line.values)], place);
}

if (place && typeof uPlot !== "undefined") {
    draw();
    new ResizeObserver(() => {
        if (drawn && drawn.width !== place.clientWidth && place.clientWidth) drawn.setSize({ width: place.clientWidth, height: 320 });
    }).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
