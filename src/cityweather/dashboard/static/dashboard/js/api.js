// All requests to the server, except uploads.

import { key } from "./key.js";

export const traffic = new EventTarget(); // "answer"; "silence" (no answer); "refused" (detail: why the key was refused)

export class ApiError extends Error {
  /** `status` 0: no answer. `wait`: the seconds of Retry-After, or undefined. `question`: what is open about a file. */
  constructor(status, code, detail, { wait, question } = {}) {
    super(detail);
    Object.assign(this, { status, code, wait, question });
  }
}

const UNREACHABLE = "The server does not answer.";

/** `{status, data, etag, wait}`; data is null for a 304 or an empty answer. Throws ApiError. */
export async function call(path, { method = "GET", json, form, etag, apiKey = key(), signal } = {}) {
  const headers = { Accept: "application/json" };
  if (apiKey) headers["X-API-Key"] = apiKey;
  if (etag) headers["If-None-Match"] = etag;
  if (json) headers["Content-Type"] = "application/json";
  const answer = await reach(path, { method, headers, signal, body: form ?? (json && JSON.stringify(json)) });
  if (answer.status < 500) traffic.dispatchEvent(new Event("answer"));
  const wait = seconds(answer);
  const found = { status: answer.status, data: null, etag: answer.headers.get("ETag") ?? "", wait };
  if (answer.status === 304 || answer.status === 204) return found;
  const data = await answer.json().catch(() => null);
  if (!answer.ok || data === null) throw refusal(failure(answer.status, data, wait), apiKey);
  return { ...found, data };
}

export const get = async (path, options) => (await call(path, options)).data;
export const patch = async (path, json) => (await call(path, { method: "PATCH", json })).data;
export const post = async (path, json) => (await call(path, { method: "POST", json })).data;

/** Fetch a file with the key and let the browser save it. Throws ApiError. */
export async function download(path, name) {
  const answer = await reach(path, { headers: { Accept: "*/*", "X-API-Key": key() } });
  if (!answer.ok) throw failure(answer.status, await answer.json().catch(() => null), seconds(answer));
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

export function failure(status, data, wait) {
  const detail = data?.detail ?? (status >= 500 ? UNREACHABLE : `The server answered ${status}.`);
  const { asks, columns, first_lines } = data ?? {};
  return new ApiError(status, data?.code ?? "", detail, { wait, question: { asks, columns, first_lines } });
}

/** A key that worked may be withdrawn, or the service may have restarted with another one. */
function refusal(error, apiKey) {
  const ours = apiKey && apiKey === key() && (error.status === 401 || error.status === 403);
  if (ours) traffic.dispatchEvent(new CustomEvent("refused", { detail: error.message }));
  return error;
}

async function reach(path, options) {
  try {
    const answer = await fetch(path, { ...options, cache: "no-store", credentials: "same-origin" });
    // A 502 or more without our JSON comes from a proxy in front, for example while the service restarts.
    if (answer.status < 502 || answer.headers.get("Content-Type")?.includes("json")) return answer;
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  throw new ApiError(0, "unreachable", UNREACHABLE);
}

function seconds(answer) {
  const given = Number(answer.headers.get("Retry-After"));
  return given > 0 ? given : undefined;
}
