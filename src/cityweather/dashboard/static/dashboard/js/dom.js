// Elements are built, never parsed: whatever a city is called, it stays text.

export const byId = (id) => document.getElementById(id);

/** An element with properties (`class`, `data`, `aria-*`, `on`: listeners, others as given) and children. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name.includes("-") || name === "role" || name === "scope") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const button = (text, listener, kind = "small", properties = {}) =>
  el("button", { type: "button", class: kind, textContent: text, on: { click: listener }, ...properties });

/** Change a text only when it differs: a screen reader would read it again, and a selection would be lost. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, visible) {
  node.hidden = !visible;
}

let announced = 0;

/** Said by a screen reader, seen by nobody. */
export function announce(text) {
  announced += 1;
  byId("announcer").textContent = announced % 2 ? text : `${text}\u00a0`; // the same text twice is read twice
}

export function toast(text, kind = "good") {
  const node = el("div", { class: "toast", data: { kind } }, el("span", { textContent: text }));
  const close = () => node.remove();
  node.append(button("Close", close, "link"));
  byId("toasts").append(node);
  if (kind === "good") setTimeout(close, 8000);
}

/** Resolves to whether the person agreed. */
export function confirm(title, words, yes) {
  const dialog = byId("confirm");
  write(byId("confirm-title"), title);
  write(byId("confirm-words"), words);
  write(byId("confirm-yes"), yes);
  dialog.returnValue = "";
  dialog.showModal();
  byId("confirm-no").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

export const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
export const darkMode = matchMedia("(prefers-color-scheme: dark)");
