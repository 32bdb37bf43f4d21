// Suggests places while one types: a combobox with a list, after the WAI-ARIA Authoring Practices.

import { get } from "./api.js";
import { announce, bdi, el, show } from "./dom.js";
import { inhabitants, placeName } from "./places.js";
import { plural } from "./words.js";

const PAUSE = 200; // milliseconds after the last key before a request
const LEAST = 2; // characters
const MOST = 6; // places
const BUSY = 429;

export class Suggestions {
  #input;
  #list;
  #take;
  #known = new Map(); // what was typed → its places
  #places = [];
  #active = -1; // the place that Enter takes; -1 for none
  #timer = null;
  #request = null; // an AbortController
  #pausedUntil = 0; // milliseconds of Date

  /** `take(place)` is called with the place that the person chooses. */
  constructor(input, list, take) {
    this.#input = input;
    this.#list = list;
    this.#take = take;
    input.addEventListener("input", () => this.#plan());
    input.addEventListener("keydown", (event) => this.#press(event));
    input.addEventListener("blur", () => this.close());
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the input keeps the focus
    list.addEventListener("click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) this.#choose([...list.children].indexOf(option));
    });
  }

  close() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#draw([]);
  }

  #plan() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    const typed = this.#input.value.trim();
    if (typed.length < LEAST) return this.#draw([]);
    if (this.#known.has(typed)) return this.#offer(this.#known.get(typed));
    this.#timer = setTimeout(() => this.#ask(typed), PAUSE);
  }

  /** Suggestions are a help only: the form works without them, so errors are not shown. */
  async #ask(typed) {
    if (Date.now() < this.#pausedUntil) return this.#draw([]);
    const request = new AbortController();
    this.#request = request;
    try {
      const query = new URLSearchParams({ query: typed, limit: MOST });
      const { results } = await get(`/places?${query}`, { signal: request.signal });
      this.#known.set(typed, results);
      if (!request.signal.aborted) this.#offer(results);
    } catch (error) {
      if (error.status === BUSY) this.#pausedUntil = Date.now() + (error.wait ?? 1) * 1000;
      if (!request.signal.aborted) this.#draw([]);
    }
  }

  #offer(places) {
    this.#draw(places);
    announce(places.length ? `${plural(places.length, "place")} suggested. Choose with the arrow keys.` : "No place suggested.");
  }

  #draw(places) {
    this.#places = places;
    const options = places.map((place, index) =>
      el(
        "li",
        { id: `${this.#list.id}-${index}`, role: "option", "aria-selected": "false" },
        bdi(placeName(place)),
        el("span", { class: "hint", textContent: inhabitants(place) }),
      ),
    );
    this.#list.replaceChildren(...options);
    show(this.#list, places.length > 0);
    this.#input.setAttribute("aria-expanded", String(places.length > 0));
    this.#point(-1);
  }

  #press(event) {
    if (event.isComposing || !this.#places.length) return; // Enter ends a Japanese word first
    const { length } = this.#places;
    if (event.key === "ArrowDown") this.#point(this.#active + 1 < length ? this.#active + 1 : -1);
    else if (event.key === "ArrowUp") this.#point(this.#active < 0 ? length - 1 : this.#active - 1);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && this.#active >= 0) this.#choose(this.#active);
    else return;
    event.preventDefault();
  }

  /** Mark a place. The focus stays in the input, which names the marked place to screen readers. */
  #point(index) {
    this.#active = index;
    [...this.#list.children].forEach((option, number) => option.setAttribute("aria-selected", String(number === index)));
    if (index < 0) this.#input.removeAttribute("aria-activedescendant");
    else this.#input.setAttribute("aria-activedescendant", this.#list.children[index].id);
    this.#list.children[index]?.scrollIntoView({ block: "nearest" });
  }

  #choose(index) {
    const place = this.#places[index];
    this.close();
    this.#take(place);
  }
}
