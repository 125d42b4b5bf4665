// Proves what the design tokens promise: readable text (WCAG 2.1 AA) and unit statuses that everyone can
// tell apart. Run by `make test`; by hand: node --test style/
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const themes = { desk: themeOf("desk"), wall: themeOf("wall") };
const statuses = ["prep", "vacant", "reserved", "assigned", "signed", "occupied", "repair", "frozen", "sold", "offshelf"];
const payments = ["green", "yellow", "red", "grey"];
const surfaces = ["base-100", "base-200", "base-300"];
const accents = ["primary", "secondary", "accent", "neutral", "info", "success", "warning", "error"];

// The least opacity that text may have; `opacity-70` and up in views.
const PALEST = 0.7;

// Machado, Oliveira, Fernandes 2009, full strength.
const visions = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

for (const [name, tokens] of Object.entries(themes)) {
  test(`${name}: text on every surface reaches 4.5 : 1`, () => {
    for (const surface of surfaces) {
      atLeast(4.5, tokens["color-base-content"], tokens[`color-${surface}`], `base-content on ${surface}`);
      // `neutral` is a surface only; the others are also used as text (links, notices).
      for (const accent of accents.filter((accent) => accent !== "neutral")) {
        atLeast(4.5, tokens[`color-${accent}`], tokens[`color-${surface}`], `${accent} on ${surface}`);
      }
    }
    for (const accent of accents) {
      atLeast(4.5, tokens[`color-${accent}-content`], tokens[`color-${accent}`], `text on ${accent}`);
    }
  });

  test(`${name}: text that steps back still reaches 4.5 : 1`, () => {
    for (const surface of surfaces) {
      const back = tokens[`color-${surface}`];
      atLeast(4.5, faded(tokens["color-base-content"], back, PALEST), back, `text at ${PALEST} on ${surface}`);
    }
    // What is chosen or pointed at is tinted with the primary colour.
    const tinted = faded(tokens["color-primary"], tokens["color-base-100"], 0.12);
    for (const text of ["base-content", "primary"]) atLeast(4.5, tokens[`color-${text}`], tinted, `${text} on what is chosen`);
  });

  test(`${name}: text on every unit status reaches 4.5 : 1, edges reach 3 : 1`, () => {
    for (const status of statuses) {
      atLeast(4.5, tokens[`status-${status}-ink`], tokens[`status-${status}`], `text on ${status}`);
    }
    for (const surface of surfaces) {
      atLeast(3, tokens["status-line"], tokens[`color-${surface}`], `tile edge on ${surface}`);
    }
  });

  test(`${name}: no two colours of a board look alike, with any colour vision`, () => {
    for (const [vision, matrix] of Object.entries(visions)) {
      for (const [family, values] of [["status", statuses], ["pay", payments]]) {
        for (const [i, a] of values.entries()) {
          for (const b of values.slice(0, i)) {
            const apart = difference(tokens[`${family}-${a}`], tokens[`${family}-${b}`], matrix);
            assert.ok(apart >= 0.1, `${a} and ${b} are ${apart.toFixed(3)} apart in ${vision} vision`);
          }
        }
      }
    }
  });

  test(`${name}: text on every payment colour reaches 4.5 : 1`, () => {
    for (const payment of payments) atLeast(4.5, tokens[`pay-${payment}-ink`], tokens[`pay-${payment}`], `text on ${payment}`);
  });
}

test("no text is paler than that", () => {
  const rules = [...read("components.css").matchAll(/([^{};]*)\{[^{}]*?opacity: (0?\.\d+)/g)];
  assert.ok(rules.length > 10, "opacities are found");
  // Pictures and marks that say nothing the words beside them do not say.
  const marks = [".empty-state .icon", ".sort-mark::after"];
  const paler = rules.filter(([, head, opacity]) => Number(opacity) < PALEST && !marks.includes(head.trim()));
  assert.deepEqual(paler.map(([, head, opacity]) => `${head.trim()} ${opacity}`), []);
});

test("the tenants' sheet is readable for a browser of 2020 (Chrome 80, Safari 13, the views inside WeChat)", () => {
  const sheet = read("portal.css").replace(/\/\*[^]*?\*\//g, "");
  // Each came later than that to one of them, and takes the rest of its rule along, or leaves a page without distances.
  const younger = {
    "cascade layers": /@layer/, "container queries": /@container/, "@property": /@property/, "@supports": /@supports/,
    "range media queries": /@media[^{]*[<>]/, ":has()": /:has\(/, ":is() and :where()": /:(is|where)\(/,
    ":not() of a list": /:not\([^)]*,/, "new colour functions": /(oklch|oklab|lch|lab|hwb|color|color-mix|light-dark)\(/,
    "clamp()": /clamp\(/, "new units": /\d(dvh|svh|lvh|dvw|svw|lvw|cqw|cqi)/, "inset": /[\s;{]inset:/, "gap": /[\s;{](row-|column-)?gap:/,
    "aspect-ratio": /aspect-ratio/, "logical shorthands": /(margin|padding|border|inset)-(inline|block):/, "subgrid": /subgrid/,
    "text-wrap": /text-wrap/, "accent-color": /accent-color/,
  };
  for (const [name, pattern] of Object.entries(younger)) assert.doesNotMatch(sheet, pattern, `${name} in portal.css`);
  // Nesting: a block inside the block of a selector.
  let open = [];
  for (const [, head, bracket] of sheet.matchAll(/([^{}]*)([{}])/g)) {
    if (bracket === "}") open.pop();
    else {
      assert.ok(open.every((outer) => outer.startsWith("@")), `${head.trim()} stands inside ${open.at(-1)}`);
      open.push(head.split(";").at(-1).trim());
    }
  }
  // Safari knows `anywhere` since 15.4; what it does instead stands beside it.
  for (const [rule] of sheet.matchAll(/[^{}]*\{[^{}]*overflow-wrap: anywhere[^{}]*\}/g)) assert.match(rule, /word-break: break-word/);
});

test("the tenants' colours reach 4.5 : 1, by day and by night", () => {
  const sheets = [...read("portal.css").matchAll(/:root \{([^}]*)\}/g)].map(([, body]) =>
    Object.fromEntries([...body.matchAll(/--([\w-]+): (#[0-9a-f]+)/g)].map(([, key, hex]) => [key, hex.length === 4 ? hex.replace(/[0-9a-f]/g, "$&$&") : hex])));
  assert.equal(sheets.length, 2);
  for (const colours of sheets) {
    for (const [front, back] of [["ink", "page"], ["ink", "card"], ["dim", "page"], ["dim", "card"], ["act", "page"], ["act", "card"], ["act-ink", "act"], ["bad", "card"], ["bad", "bad-card"]]) {
      atLeast(4.5, colours[front], colours[back], `${front} on ${back}`);
    }
  }
});

/** A colour at some opacity before another. */
function faded(front, back, opacity) {
  const mixed = [1, 3, 5].map((at) => {
    const [above, below] = [front, back].map((hex) => parseInt(hex.slice(at, at + 2), 16));
    return Math.round(above * opacity + below * (1 - opacity)).toString(16).padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

/** The custom properties with a hex colour that apply under a theme's name. */
function themeOf(theme) {
  const blocks = [...`${read("main.css")}${read("tokens.css")}`.matchAll(/([^{}]*)\{([^{}]*)\}/g)];
  const ours = blocks.filter(([, head, body]) => head.includes(`[data-theme="${theme}"]`) || body.includes(`name: "${theme}"`));
  const pairs = ours.flatMap(([, , body]) => [...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)]);
  return Object.fromEntries(pairs.map(([, key, value]) => [key, value]));
}

function atLeast(least, front, back, what) {
  assert.ok(front && back, `${what}: a colour is missing or not written as #rrggbb`);
  const [low, high] = [luminance(linear(front)), luminance(linear(back))].sort((a, b) => a - b);
  const contrast = (high + 0.05) / (low + 0.05);
  assert.ok(contrast >= least, `${what}: ${contrast.toFixed(2)} : 1`);
}

function linear(hex) {
  return [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
}

function luminance([red, green, blue]) {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Distance in OKLab of two colours as one kind of colour vision sees them. */
function difference(a, b, matrix) {
  const [left, right] = [a, b].map((hex) => oklab(times(matrix, linear(hex))));
  return Math.hypot(...left.map((part, axis) => part - right[axis]));
}

function times(matrix, colour) {
  return matrix.map((row) => Math.min(1, Math.max(0, row.reduce((sum, factor, at) => sum + factor * colour[at], 0))));
}

function oklab([red, green, blue]) {
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
