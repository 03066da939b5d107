// What the codes of errors mean in the page's language: a stream says it to everybody, in English.

const known = JSON.parse(document.querySelector("#sentences")?.dataset.known ?? "{}");

export function sentenceOf(code, english) {
  return known[code] ?? english;
}
