// What the codes of errors mean in the page's language: a stream says it to everybody, in English.

const { known, incident: number } = document.querySelector("#sentences")?.dataset ?? {};
const sentences = JSON.parse(known ?? "{}");

export function sentenceOf(code, english) {
  return sentences[code] ?? english;
}

/** A sentence, and the number under which its cause is in the log where there is one. */
export function withIncident(sentence, incident) {
  return incident && number ? `${sentence} ${number} ${incident}` : sentence;
}
