// The dialog that asks for a cron line and its time zone, and shows why the server refuses them.

import { byId, write } from "./dom.js";

let save = null;

export function startCron() {
  byId("cron-form").addEventListener("submit", submit);
  byId("cron-cancel").addEventListener("click", () => byId("cron-dialog").close());
}

/** `then({ cron, timezone })` saves them. Resolves when the dialog is closed, saved or not. */
export function askCron({ cron = "", timezone = here() }, then) {
  save = then;
  byId("cron").value = cron;
  byId("cron-zone").value = timezone;
  refuse("");
  if (!byId("zones").childElementCount) byId("zones").append(...zones().map((name) => new Option("", name)));
  const dialog = byId("cron-dialog");
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
}

const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
const zones = () => ["UTC", ...(Intl.supportedValuesOf?.("timeZone") ?? [])];

async function submit(event) {
  event.preventDefault();
  const yes = event.submitter;
  yes.disabled = true;
  try {
    await save({ cron: byId("cron").value.trim(), timezone: byId("cron-zone").value.trim() });
    byId("cron-dialog").close();
  } catch (error) {
    refuse(error.message);
  } finally {
    yes.disabled = false;
  }
}

function refuse(reason) {
  write(byId("cron-error"), reason);
  for (const id of ["cron", "cron-zone"]) byId(id).setAttribute("aria-invalid", String(reason !== ""));
  if (reason) byId("cron").focus();
}
