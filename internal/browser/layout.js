// What is wrong with the page for those who read it on this screen, or have it read aloud: one
// line for each fault. The numbers are those of WCAG 2.2, level AA; 11 px is our own.
(() => {
  const smallest = 11, contrast = 4.5;
  const faults = new Map();
  const fault = (what, element, text = "") => {
    const line = `${what}: ${name(element)}`;
    const seen = faults.get(line) ?? { count: 0, text: text.trim().slice(0, 40) };
    faults.set(line, { ...seen, count: seen.count + 1 });
  };
  const name = (e) => {
    const part = (e) => e.localName + (e.className?.trim ? e.className.trim().replace(/^(?=.)|\s+/g, ".") : "");
    return e.parentElement ? `${part(e.parentElement)} > ${part(e)}` : part(e);
  };

  // Colours are drawn, since a browser writes them in many ways.
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const colour = (text) => {
    if (!known.has(text)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(text, [r, g, b, a / 255]);
    }
    return known.get(text);
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a)).concat(1);
  const background = (e) => {
    if (!e) return [255, 255, 255, 1];
    const own = colour(getComputedStyle(e).backgroundColor);
    return own[3] === 1 ? own : over(own, background(e.parentElement));
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  // Only for those who listen, or for nobody.
  const unseen = (e) => {
    if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return true;
    for (; e; e = e.parentElement) {
      const { width, height } = e.getBoundingClientRect();
      if (width <= 1 || height <= 1) return getComputedStyle(e).display !== "contents";
    }
    return false;
  };
  const legible = (e, style, text) => {
    if (parseFloat(style.fontSize) < smallest) fault(`${style.fontSize} text`, e, text);
    const paper = background(e), found = ratio(over(colour(style.color), paper), paper);
    if (found < contrast) fault(`contrast ${found.toFixed(2)} (${style.color} on ${paper.slice(0, 3).map(Math.round)})`, e, text);
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement, text = texts.currentNode.data;
    if (text.trim() && !/^(script|style|noscript|template)$/.test(e.localName) && !unseen(e)) legible(e, getComputedStyle(e), text);
  }
  for (const e of document.body.querySelectorAll("*")) {
    if (unseen(e)) continue;
    for (const pseudo of ["::before", "::after"]) {
      const style = getComputedStyle(e, pseudo);
      if (/^(attr\(|".)/.test(style.content) && style.display !== "none") legible(e, style, style.content);
    }
    if (e.placeholder) legible(e, getComputedStyle(e, "::placeholder"), e.placeholder);
    else if (e.matches("input, select, textarea")) legible(e, getComputedStyle(e), e.value);
  }

  const named = (e) => {
    const ids = (e.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    return e.ariaLabel?.trim() || ids.some((id) => document.getElementById(id)?.textContent.trim()) || e.title?.trim();
  };
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    const labelled = [...e.labels].some((l) => [...l.childNodes].some((n) => !n.contains(e) && n.textContent.trim()));
    if (!labelled && !named(e)) fault("control without a label", e);
  }
  for (const e of document.querySelectorAll("button, a, summary")) {
    if (!e.textContent.trim() && !named(e) && !e.querySelector("img[alt]:not([alt=''])")) fault("nothing to say what it does", e);
  }
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) fault("image without a text", e);
  for (const e of document.querySelectorAll("svg")) {
    const spoken = e.querySelector(":scope > title")?.textContent.trim() || named(e);
    if (!spoken && !e.closest("[aria-hidden=true]")) fault("image without a text", e);
  }
  for (const e of document.querySelectorAll("th")) {
    if (!/^(row|col|rowgroup|colgroup)$/.test(e.getAttribute("scope"))) fault("heading of a table without a scope", e, e.textContent);
    if (!e.textContent.trim()) fault("heading of a table without a text", e);
  }
  for (const e of document.querySelectorAll("table")) if (!e.caption?.textContent.trim() && !named(e)) fault("table without a name", e);
  const ids = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) fault(`second element with the id ${e.id}`, e);
    ids.add(e.id);
  }
  for (const attribute of ["aria-describedby", "aria-labelledby", "aria-controls", "for"]) {
    for (const e of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of e.getAttribute(attribute).split(/\s+/)) if (!ids.has(id)) fault(`${attribute} names ${id}, which is not there`, e);
    }
  }
  if (!document.documentElement.lang) fault("no language", document.documentElement);
  if (!document.title) fault("no title", document.documentElement);
  if (document.querySelectorAll("h1").length !== 1) fault("not one h1", document.body);
  if (document.querySelectorAll("main").length !== 1) fault("not one main", document.body);

  // What sticks out of the page, if anything does, the innermost elements first.
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    const out = [...document.body.querySelectorAll("*")].filter((e) => !unseen(e) && e.getBoundingClientRect().right > width + 1);
    for (const e of out.filter((e) => !out.some((other) => other !== e && e.contains(other)))) {
      fault(`the page is ${document.documentElement.scrollWidth} px wide, not ${width}`, e, e.textContent);
    }
  }
  return [...faults].map(([line, { count, text }]) => `${line}${text && ` “${text}”`}${count > 1 ? `, ${count} times` : ""}`);
})()
