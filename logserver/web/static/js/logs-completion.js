/* Completion of the query: a list of fields and values below the input, as the ARIA pattern of a combobox has it. */
const input = document.querySelector("[data-completion]");

if (input) {
    const list = document.createElement("ul");
    list.className = "offers";
    list.id = "offers";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Suggestions");
    list.hidden = true;
    input.after(list);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "offers"], ["aria-expanded", "false"]]) {
        input.setAttribute(name, value);
    }
    let answer = null;
    let chosen = -1;
    let asked = 0;
    let timer = 0;

    const close = () => {
        list.hidden = true;
        chosen = -1;
        input.setAttribute("aria-expanded", "false");
        input.removeAttribute("aria-activedescendant");
    };

    const mark = (at) => {
        const items = [...list.children];
        chosen = (at + items.length) % items.length;
        items.forEach((item, place) => item.setAttribute("aria-selected", String(place === chosen)));
        items[chosen].scrollIntoView({ block: "nearest" });
        input.setAttribute("aria-activedescendant", items[chosen].id);
    };

    const take = (at) => {
        const text = answer.offers[at][0];
        const value = text.endsWith(":") ? text : `${text} `;
        input.value = input.value.slice(0, answer.begin) + value + input.value.slice(answer.end).trimStart();
        const caret = answer.begin + value.length;
        input.setSelectionRange(caret, caret);
        close();
        input.focus();
        if (text.endsWith(":")) ask();
    };

    const show = () => {
        list.replaceChildren(...answer.offers.map(([text, seen], at) => {
            const item = document.createElement("li");
            item.id = `offer-${at}`;
            item.setAttribute("role", "option");
            item.setAttribute("aria-selected", "false");
            const name = document.createElement("span");
            name.textContent = text;
            item.append(name);
            if (seen) {
                const n = document.createElement("span");
                n.className = "muted";
                n.textContent = seen.toLocaleString();
                item.append(n);
            }
            item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(at); });
            return item;
        }));
        list.hidden = !answer.offers.length;
        input.setAttribute("aria-expanded", String(!list.hidden));
        chosen = -1;
    };

    const ask = () => {
        clearTimeout(timer);
        timer = setTimeout(async () => {
            const mine = ++asked;
            const range = document.getElementById("range")?.value ?? "";
            const query = new URLSearchParams({ q: input.value, at: String([...input.value.slice(0, input.selectionStart)].length), range });
            const got = await fetch(`${input.dataset.completion}?${query}`).catch(() => null);
            if (!got?.ok || mine !== asked || document.activeElement !== input) return;
            const [begin, end, offers] = await got.json();
            const characters = [...input.value];
            const units = (count) => characters.slice(0, count).join("").length;
            answer = { begin: units(begin), end: units(end), offers };
            show();
        }, 120);
    };

    input.addEventListener("input", ask);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
        if (event.key === "ArrowDown" && list.hidden) { event.preventDefault(); ask(); return; }
        if (list.hidden) return;
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            mark(chosen + (event.key === "ArrowDown" ? 1 : chosen < 0 ? 0 : -1));
        } else if (event.key === "Escape") {
            event.preventDefault();
            close();
        } else if ((event.key === "Enter" && chosen >= 0) || (event.key === "Tab" && !event.shiftKey && answer.offers.length)) {
            event.preventDefault();
            take(Math.max(chosen, 0));
        }
    });
}
