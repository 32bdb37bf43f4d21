// °C and metres a second, or °F and miles an hour. The API is asked for the first; the page converts what it shows.

import { byId, write } from "./dom.js";

const NAME = "cityweather-units";

export const units = new EventTarget(); // "change"

export const isImperial = () => localStorage.getItem(NAME) === "imperial";
export const sign = () => (isImperial() ? "°F" : "°C");
export const fromCelsius = (degrees) => (isImperial() ? (degrees * 9) / 5 + 32 : degrees);
export const toCelsius = (degrees) => (isImperial() ? ((degrees - 32) * 5) / 9 : degrees);
export const speed = (metres) => (isImperial() ? [(metres * 3600) / 1609.344, "mph"] : [metres, "m/s"]);

/** The choice holds for this browser and stays. */
export function startUnits() {
  byId("units").addEventListener("click", () => {
    localStorage.setItem(NAME, isImperial() ? "metric" : "imperial");
    draw();
    units.dispatchEvent(new Event("change"));
  });
  draw();
}

function draw() {
  const other = isImperial() ? "°C" : "°F";
  write(byId("units"), other);
  byId("units").setAttribute("aria-label", `Show ${other}`);
  write(byId("results-unit"), sign());
}
