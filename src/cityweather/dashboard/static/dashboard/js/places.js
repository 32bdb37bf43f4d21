// Places in words: "Richmond, Virginia, United States".

import { bdi, el } from "./dom.js";
import { plural } from "./words.js";

const countries = new Intl.DisplayNames("en", { type: "region", fallback: "code" });

/** The English name of an ISO 3166 code. */
const countryName = (code) => (/^[A-Z]{2}$/.test(code ?? "") ? countries.of(code) : code);

/** A town of /places, or what a city was matched with. Without a name its coordinates stand for it: "at 2.35, 48.85". */
export function placeName({ name, region, country, latitude, longitude }) {
  const point = name || !Number.isFinite(latitude) ? name : `at ${latitude}, ${longitude}`;
  const known = [point, region, countryName(country)].filter(Boolean);
  const differing = known.filter((part, index) => part !== known[index - 1]); // not "Singapore, Singapore"
  return differing.join(", ");
}

/** How the API takes a place back: "Richmond, Virginia, US". */
export const asWritten = ({ name, region, country }) => [name, region, country].filter(Boolean).join(", ");

export const inhabitants = ({ population }) => (population ? plural(population, "inhabitant") : "");

/** A mark with words, for more than one place fits. `others`: how many besides the one that was taken. */
export const ambiguousMark = (others) =>
  el("span", { class: "mark", textContent: "Ambiguous", title: `${plural(others, "other place")} could be meant` });

/** The places that could be meant; `more(place)` makes the element behind each, or null. */
export const placeList = (places, more = () => null) =>
  el(
    "ul",
    { class: "places" },
    ...places.map((place) =>
      el(
        "li",
        {},
        el("span", {}, bdi(placeName(place)), el("span", { class: "hint", textContent: ` ${inhabitants(place)}` })),
        more(place),
      ),
    ),
  );
