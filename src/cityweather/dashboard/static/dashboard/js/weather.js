// The weather of one city, which place that is, and the cities that were looked up last.

import { call, get } from "./api.js";
import { bdi, button, byId, confirm, el, show, toast } from "./dom.js";
import { askKey, key } from "./key.js";
import { ambiguousMark, asWritten, placeList, placeName } from "./places.js";
import { Suggestions } from "./suggestions.js";
import { units } from "./units.js";
import { degrees, moment, plural, windSpeed } from "./words.js";

const RECENT = 8; // cities

let turn = 0;
let shown = null; // the last answer

export function startWeather() {
  const suggestions = new Suggestions(byId("city"), byId("city-places"), lookUpPlace);
  byId("weather").addEventListener("submit", (event) => {
    event.preventDefault();
    suggestions.close();
    lookUp({ city: byId("city").value });
  });
  byId("history").addEventListener("click", ({ target }) => {
    const city = target.closest("button")?.textContent;
    if (!city) return;
    byId("city").value = city;
    lookUp({ city });
  });
  byId("forget").addEventListener("click", forget);
  units.addEventListener("change", () => shown && byId("weather-answer").replaceChildren(card(shown)));
}

/** A place of the gazetteer is asked by its coordinates, so that no namesake can answer. */
function lookUpPlace(place) {
  const city = asWritten(place);
  byId("city").value = city;
  return lookUp({ city, lat: place.latitude, lon: place.longitude });
}

async function usePlace(place) {
  byId("weather-answer").focus(); // the button disappears with the answer
  await lookUpPlace(place);
}

async function lookUp(query) {
  const mine = (turn += 1);
  const node = byId("weather-answer");
  node.setAttribute("aria-busy", "true");
  let answer = null;
  let complaint = "";
  try {
    answer = await get(`/weather?${new URLSearchParams(query)}`);
    await drawHistory();
  } catch (error) {
    complaint = error.message;
  }
  if (mine !== turn) return; // another city was asked for meanwhile
  shown = answer;
  node.removeAttribute("aria-busy");
  node.replaceChildren(answer ? card(answer) : el("p", { class: "notice", data: { kind: "bad" }, textContent: complaint }));
}

function card(weather) {
  const facts = {
    "Feels like": weather.feels_like === null ? null : degrees(weather.feels_like),
    Humidity: weather.humidity === null ? null : `${weather.humidity}%`,
    Wind: weather.wind_speed === null ? null : windSpeed(weather.wind_speed),
    Measured: weather.observed_at ? moment(weather.observed_at) : null,
  };
  const list = Object.entries(facts).filter(([, value]) => value !== null);
  const known = weather.cached ? "From the cache" : weather.stale ? "The provider is unreachable: last known weather" : "Fresh";
  return el(
    "div",
    { class: "answer" },
    heading(weather),
    el("p", { class: "temperature", textContent: degrees(weather.temperature) }),
    el("p", { class: "sky", textContent: weather.description ?? weather.condition ?? "" }),
    el("dl", {}, ...list.map(([name, value]) => el("div", {}, el("dt", { textContent: name }), el("dd", { textContent: value })))),
    el("p", { class: "badge", data: { kind: weather.stale ? "paused" : "done" }, textContent: known }),
    others(weather),
  );
}

/** What was asked for, and the place that answered. */
function heading({ city, country, matched, ambiguous }) {
  const place = matched ? placeName(matched) : country ? placeName({ country }) : "";
  const beside = place && place !== city ? [" · ", bdi(place)] : [];
  return el("p", { class: "hint" }, el("b", {}, bdi(city)), ...beside, ambiguous ? " " : null, ambiguous ? ambiguousMark(ambiguous) : null);
}

function others({ candidates = [], latitude, longitude }) {
  const places = candidates.filter((place) => place.latitude !== latitude || place.longitude !== longitude);
  if (!places.length) return null;
  const words = `${plural(places.length, "other place")} could be meant:`;
  const use = (place) => button("Use this one", () => usePlace(place), "small", { "aria-label": `Use this one: ${placeName(place)}` });
  return el("div", { class: "others" }, el("p", { class: "hint", textContent: words }), placeList(places, use));
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
