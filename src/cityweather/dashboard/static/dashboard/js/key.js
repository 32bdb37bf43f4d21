// The API key. It is asked for once and kept in this tab's sessionStorage until the tab is closed.

import { byId, show, write } from "./dom.js";

const NAME = "cityweather-key";

export const keyEvents = new EventTarget(); // "change"

let waiting = null;

export function key() {
  return sessionStorage.getItem(NAME) ?? "";
}

export function setKey(value) {
  if (value) sessionStorage.setItem(NAME, value);
  else sessionStorage.removeItem(NAME);
  write(byId("key-button"), value ? "Forget key" : "Enter key");
  keyEvents.dispatchEvent(new Event("change"));
}

/** Ask for the key. Resolves to true once there is one, or to false if the person declines. */
export function askKey(complaint = "") {
  const dialog = byId("key-dialog");
  write(byId("key-error"), complaint);
  if (!waiting) {
    waiting = new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        waiting = null;
        resolve(Boolean(key()));
      }, { once: true });
    });
    byId("key").value = "";
    dialog.showModal();
  }
  return waiting;
}

/** The key behind # in the link that `up` prints. A browser never sends that part; it is removed at once. */
function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) history.replaceState(history.state, "", location.pathname + location.search);
  return given;
}

/** `check(key)` resolves to "" for a good key, otherwise to the reason why it is refused. */
export function startKey(check) {
  setKey(takeFromAddress() || key());
  addEventListener("hashchange", () => {
    const given = takeFromAddress();
    if (given) setKey(given);
  });
  byId("key-button").addEventListener("click", () => (key() ? setKey("") : askKey()));
  byId("key-cancel").addEventListener("click", () => byId("key-dialog").close());
  byId("key-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const value = byId("key").value.trim();
    const complaint = await check(value);
    write(byId("key-error"), complaint);
    if (complaint) return byId("key").select();
    setKey(value);
    byId("key-dialog").close();
  });
  show(byId("welcome-key"), !key());
}
