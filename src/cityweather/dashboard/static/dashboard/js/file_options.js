// The selects that set how a file is read: one for each option of the import that a person can answer.

import { byId, isolated } from "./dom.js";

const ENCODINGS = {
  "utf-8": "Unicode (UTF-8)",
  "utf-16-le": "Unicode (UTF-16)",
  "utf-16-be": "Unicode (UTF-16, big-endian)",
  cp1252: "Western (Windows-1252)",
  cp1250: "Central European (Windows-1250)",
  cp1251: "Cyrillic (Windows-1251)",
  cp1253: "Greek (Windows-1253)",
  cp1254: "Turkish (Windows-1254)",
  cp1255: "Hebrew (Windows-1255)",
  cp1256: "Arabic (Windows-1256)",
  cp850: "Western (DOS)",
  "mac-roman": "Western (Macintosh)",
  shift_jis: "Japanese (Shift JIS)",
  gb18030: "Chinese (GB 18030)",
  big5: "Chinese (Big5)",
  euc_kr: "Korean (EUC-KR)",
};
const DELIMITERS = { comma: "Comma ,", semicolon: "Semicolon ;", tab: "Tab", pipe: "Pipe |" };
const QUOTES = { "": "Enclose cells", none: "Ordinary characters" };
const COLUMNS = ["column", "country_column", "region_column", "latitude_column", "longitude_column"];
const NAMES = [...COLUMNS, "encoding", "delimiter", "header", "quotes"];
const NONE = "0"; // "the file has no such column"
const LONGEST = 48; // characters of an option

/** Show how the server reads the file. `found`: its answer. `chosen`: the person's choices, `{column: "2", …}`, which stay.
 *  `open`: the option that the person has to choose, or "". */
export function drawOptions(found, chosen, open) {
  const fill = (name, choices, value, empty) => fillSelect(byId(`option-${name}`), choices, chosen[name] ?? value ?? "", empty);
  for (const name of COLUMNS) fill(name, ...columnChoices(name, found));
  const encodings = found.encoding && !(found.encoding in ENCODINGS) ? { ...ENCODINGS, [found.encoding]: found.encoding } : ENCODINGS;
  fill("encoding", encodings, found.encoding, "Automatic");
  fill("delimiter", DELIMITERS, found.delimiter, "Automatic");
  fill("header", headerChoices(found), found.header === false ? "false" : found.header_line, "Automatic");
  fill("quotes", QUOTES, "", null);
  for (const name of NAMES) byId(`option-${name}`).toggleAttribute("data-open", name === open);
}

function headerChoices({ first_lines: lines = [], header_line: number }) {
  const choices = number ? { [number]: `Line ${number}` } : {};
  for (const { line, text } of lines) choices[line] = cut(`Line ${line}: ${isolated(text)}`);
  return { ...choices, false: "No header" };
}

function columnChoices(name, { columns = [], ...found }) {
  const choices = Object.fromEntries(columns.map((column, index) => [String(index + 1), words(column, index)]));
  if (name !== "column") choices[NONE] = "None";
  const missing = found[name] === null || found[name] === undefined;
  return [choices, missing ? NONE : numberOf(found[name], columns), name === "column" ? "Choose the column" : "Automatic"];
}

/** The API names a column by its header, or by its number from 1. */
function numberOf(column, columns) {
  const index = columns.findIndex(({ name }) => name === column);
  return String(index < 0 ? column : index + 1);
}

function words({ name, samples }, index) {
  const title = name || `Column ${index + 1}`; // first and as it is, so that typing its first letter finds it
  return cut(samples.length ? `${title}: ${samples.map(isolated).join(", ")}` : title);
}

const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** `empty`: the words of an option for a value that is none of the choices. */
function fillSelect(select, choices, value, empty) {
  const options = Object.entries(choices).map(([key, text]) => new Option(text, key));
  if (empty && !(value in choices)) options.unshift(new Option(empty, ""));
  select.replaceChildren(...options);
  select.value = value in choices ? value : "";
}
