// Helpers for the page. Elements are built and never parsed from HTML, so a city's name is always text.

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

/** A name in its own direction: Hebrew or Arabic must not reorder the words around it. */
export const bdi = (name) => el("bdi", { textContent: name });

/** The same inside a text that takes no elements, such as a title. */
export const isolated = (name) => `\u2068${name}\u2069`;

/** Set the content, texts or elements, only if its text changes: a screen reader would read it again. */
export function write(node, ...parts) {
  const text = parts.map((part) => part.textContent ?? part).join("");
  if (node.textContent !== text) node.replaceChildren(...parts);
}

export function show(node, visible) {
  node.hidden = !visible;
}

let announced = 0;

/** For screen readers only. */
export function announce(text) {
  announced += 1;
  byId("announcer").textContent = announced % 2 ? text : `${text}\u00a0`; // so that the same text twice is read twice
}

export function toast(text, kind = "good") {
  const node = el("div", { class: "toast", data: { kind } }, el("span", { textContent: text }));
  const close = () => node.remove();
  node.append(button("Close", close, "link"));
  byId("toasts").append(node);
  if (kind === "good") setTimeout(close, 8000);
}

/** Ask in a dialog. Resolves to true if the person agrees. */
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
