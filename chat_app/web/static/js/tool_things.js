// What a tool gave besides text: pictures, sounds and links, as far as they are harmless.

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const SOUNDS = ["audio/mpeg", "audio/wav", "audio/ogg", "audio/webm"];
const BASE64 = /^[A-Za-z0-9+/=\s]+$/;
const WEB_ADDRESS = /^https?:\/\//i;

/** A list item. What must not be shown is named. `said` has our words, in the page's language. */
export function thingOf(part, tool, said) {
  const item = document.createElement("li");
  item.append(...nodesOf(part, tool, said));
  return item;
}

function nodesOf(part, tool, said) {
  if (part.type === "resource_link") return linkOf(part);
  const isImage = part.type === "image";
  const allowed = isImage ? IMAGES : part.type === "audio" ? SOUNDS : [];
  if (!allowed.includes(part.mime_type) || !BASE64.test(part.data)) {
    const what = `${part.type} (${part.mime_type || said.untyped})`;
    return [said.unshown.replace("{what}", () => what)];
  }
  const src = `data:${part.mime_type};base64,${part.data}`;
  const alt = (isImage ? said.image : said.sound).replace("{tool}", () => tool);
  if (isImage) return [Object.assign(document.createElement("img"), { src, alt })];
  const sound = Object.assign(document.createElement("audio"), { src, controls: true, preload: "none" });
  sound.ariaLabel = alt;
  return [sound];
}

function linkOf({ uri, name, description }) {
  const note = document.createElement("span");
  note.className = "quiet";
  note.textContent = description || uri;
  if (!WEB_ADDRESS.test(uri)) return [`${name || uri} `, note];
  const link = document.createElement("a");
  Object.assign(link, { href: uri, rel: "noopener nofollow noreferrer", target: "_blank" });
  link.textContent = name || uri;
  return [link, " ", note];
}
