/* Times of lines in the browser's own zone: short, and with their milliseconds. */
const forms = {
    line: new Intl.DateTimeFormat(undefined, { month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" }),
    minute: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
};

export function lineTimes(root) {
    for (const time of root.querySelectorAll("time[data-form=line], time[data-form=minute]")) {
        const at = new Date(time.dateTime);
        if (!Number.isNaN(at.getTime())) time.textContent = forms[time.dataset.form].format(at);
    }
}

lineTimes(document);
