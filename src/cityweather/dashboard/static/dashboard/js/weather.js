// The weather of one city, and the cities that were looked up last.

import { call, get } from "./api.js";
import { bdi, byId, confirm, el, show, toast } from "./dom.js";
import { askKey, key } from "./key.js";
import { degrees, decimal, moment } from "./words.js";

const RECENT = 8; // cities

let turn = 0;

export function startWeather() {
  byId("weather").addEventListener("submit", (event) => {
    event.preventDefault();
    lookUp(byId("city").value);
  });
  byId("history").addEventListener("click", ({ target }) => {
    const city = target.closest("button")?.textContent;
    if (!city) return;
    byId("city").value = city;
    lookUp(city);
  });
  byId("forget").addEventListener("click", forget);
}

async function lookUp(city) {
  const mine = (turn += 1);
  const node = byId("weather-answer");
  node.setAttribute("aria-busy", "true");
  let found;
  try {
    found = card(await get(`/weather?city=${encodeURIComponent(city)}`));
    await drawHistory();
  } catch (error) {
    found ??= el("p", { class: "notice", data: { kind: "bad" }, textContent: error.message });
  }
  if (mine !== turn) return; // another city was asked for meanwhile
  node.removeAttribute("aria-busy");
  node.replaceChildren(found);
}

function card(weather) {
  const facts = {
    "Feels like": weather.feels_like === null ? null : degrees(weather.feels_like),
    Humidity: weather.humidity === null ? null : `${weather.humidity}%`,
    Wind: weather.wind_speed === null ? null : `${decimal(weather.wind_speed)} m/s`,
    Measured: weather.observed_at ? moment(weather.observed_at) : null,
  };
  const list = Object.entries(facts).filter(([, value]) => value !== null);
  const known = weather.cached ? "From the cache" : weather.stale ? "The provider is unreachable: last known weather" : "Fresh";
  return el(
    "div",
    { class: "answer" },
    el("p", { class: "hint" }, bdi(weather.city), weather.country ? `, ${weather.country}` : null),
    el("p", { class: "temperature", textContent: degrees(weather.temperature) }),
    el("p", { textContent: weather.description ?? weather.condition ?? "" }),
    el("dl", {}, ...list.map(([name, value]) => el("div", {}, el("dt", { textContent: name }), el("dd", { textContent: value })))),
    el("p", { class: "badge", data: { kind: weather.stale ? "paused" : "done" }, textContent: known }),
  );
}

async function drawHistory() {
  const { results } = await get(`/history?limit=${RECENT * 4}`);
  const seen = new Set();
  const isNew = (city) => !seen.has(city.toLowerCase()) && seen.add(city.toLowerCase());
  const cities = results.map(({ city }) => city).filter(isNew).slice(0, RECENT);
  byId("history").replaceChildren(
    ...cities.map((city) => el("li", {}, el("button", { type: "button", class: "chip" }, bdi(city)))),
  );
  show(byId("recent"), cities.length > 0);
}

async function forget() {
  const words = "Everybody who uses this service sees the same list. It is deleted for all of them and cannot be restored.";
  if (!(await confirm("Clear the history for everybody?", words, "Clear it for everybody"))) return;
  if (!key() && !(await askKey())) return;
  try {
    await call("/history", { method: "DELETE" });
    await drawHistory();
  } catch (error) {
    toast(error.message, "bad");
  }
}
