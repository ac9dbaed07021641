import DOMPurify from "dompurify";
import { Marked } from "marked";
import { useMemo } from "react";

const marked = new Marked({ gfm: true, breaks: true });

// What people log is text: it makes no forms, no styles of its own, and asks no other host for anything.
const purify = DOMPurify();
purify.addHook("afterSanitizeAttributes", node => {
  if (node.tagName === "A" && node.hasAttribute("href")) {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
  if (node.tagName === "IMG" && !isOurs(node.getAttribute("src") ?? "")) {
    const said = node.getAttribute("alt") || node.getAttribute("src") || "";
    node.replaceWith(document.createTextNode(`[image: ${said}]`));
  }
});

/** A path of this server; `//host` and `/\host` are other hosts. */
function isOurs(address: string): boolean {
  return /^\/(?![/\\])/.test(address) || address.startsWith("data:image/");
}

const RULES = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: [
    "style",
    "form",
    "input",
    "button",
    "textarea",
    "select",
    "audio",
    "video",
    "picture",
    "source",
    "dialog",
  ],
  FORBID_ATTR: ["style", "class", "id", "name", "srcset", "background", "ping"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#|\/(?![/\\])|data:image\/(?:png|jpeg|gif|webp);)/i,
  ALLOW_DATA_ATTR: false,
};

export default function MarkdownText({ text }: { text: string }) {
  const html = useMemo(() => purify.sanitize(marked.parse(text, { async: false }), RULES), [text]);
  // biome-ignore lint/security/noDangerouslySetInnerHtml: sanitised on the line above
  return <div dangerouslySetInnerHTML={{ __html: html }} />;
}
