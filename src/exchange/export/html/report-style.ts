/** The report's style sheet. Text, because it goes into the file as it is, and its hash into the file's policy. */
export const STYLE = `:root {
  color-scheme: light dark;
  --surface: #fff;
  --raised: #f6f7fa;
  --ink: #1f1f1f;
  --dim: #575b61;
  --line: #d0d3da;
  --accent: #0b57d0;
  --error: #b3261e;
  --warning: #805300;
  --info: #0b57d0;
  --ok: #146c2e;
  --second: #a8421b;
  --gap: #fdf1dc;
  --mono: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --surface: #202124;
    --raised: #2a2b2e;
    --ink: #e6e6e6;
    --dim: #acb0b6;
    --line: #4a4d52;
    --accent: #8ab4f8;
    --error: #f28b82;
    --warning: #fdd663;
    --info: #8ab4f8;
    --ok: #81c995;
    --second: #fcad70;
    --gap: #40372a;
  }
}
* {
  box-sizing: border-box;
}
body {
  max-width: 900px;
  margin: 0 auto;
  padding: 24px 16px 64px;
  background: var(--surface);
  color: var(--ink);
  font:
    14px / 1.5 system-ui,
    -apple-system,
    "Segoe UI",
    Roboto,
    Ubuntu,
    "DejaVu Sans",
    sans-serif;
  overflow-wrap: anywhere;
}
h1 {
  font-size: 22px;
  line-height: 1.25;
  margin: 0 0 4px;
}
h2 {
  font-size: 17px;
  margin: 36px 0 8px;
}
h3 {
  font-size: 16px;
  line-height: 1.35;
  margin: 0 0 4px;
}
h4 {
  font-size: 14px;
  margin: 16px 0 4px;
}
h5 {
  font-size: 13px;
  margin: 12px 0 4px;
}
p,
ul,
ol {
  margin: 4px 0;
}
a {
  color: var(--accent);
}
.dim {
  color: var(--dim);
}
code,
pre {
  font: 12px / 1.45 var(--mono);
}
pre {
  margin: 6px 0;
  padding: 8px 10px;
  overflow-x: auto;
  background: var(--raised);
  border: 1px solid var(--line);
  border-radius: 4px;
  white-space: pre-wrap;
}
blockquote {
  margin: 6px 0;
  padding-left: 12px;
  border-left: 3px solid var(--line);
}
article {
  margin: 16px 0;
  padding: 12px 16px;
  border: 1px solid var(--line);
  border-left: 4px solid var(--dim);
  border-radius: 4px;
}
article.error {
  border-left-color: var(--error);
}
article.warning {
  border-left-color: var(--warning);
}
article.info {
  border-left-color: var(--info);
}
.sign {
  margin-right: 6px;
}
.error .sign {
  color: var(--error);
}
.warning .sign {
  color: var(--warning);
}
.info .sign {
  color: var(--info);
}
.ok {
  color: var(--ok);
}
table {
  width: 100%;
  border-collapse: collapse;
  font-variant-numeric: tabular-nums;
}
th,
td {
  padding: 3px 8px 3px 0;
  border-bottom: 1px solid var(--line);
  text-align: left;
  vertical-align: top;
}
th {
  color: var(--dim);
  font-weight: 500;
}
.number {
  text-align: right;
}
.scroll {
  overflow-x: auto;
}
.scroll:focus-visible,
figure:focus-visible,
summary:focus-visible,
button:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}
details {
  margin: 8px 0;
}
summary {
  cursor: pointer;
  color: var(--accent);
}
figure {
  margin: 10px 0;
  touch-action: pan-y;
}
figure svg {
  display: block;
  width: 100%;
  height: auto;
}
.curve {
  fill: none;
  stroke: var(--accent);
  stroke-width: 1.5;
}
.curve.second {
  stroke: var(--second);
  stroke-dasharray: 5 3;
}
.legend {
  display: flex;
  flex-wrap: wrap;
  gap: 2px 20px;
  color: var(--dim);
}
.legend svg {
  display: inline-block;
  width: 24px;
  height: 8px;
}
.verdict {
  border-left-width: 6px;
}
.verdict p:first-child {
  font-size: 16px;
  font-weight: 600;
}
.same {
  border-left-color: var(--ok);
}
.same .sign {
  color: var(--ok);
}
tr.differs th,
tr.differs td {
  color: var(--ink);
  font-weight: 600;
}
.pair {
  padding: 6px 16px;
  border: 1px solid var(--line);
  border-radius: 4px;
}
.pair h3 {
  display: inline;
}
td.dim {
  white-space: nowrap;
}
.findings {
  padding-left: 0;
  list-style: none;
}
.findings li {
  margin: 6px 0;
}
.axis {
  stroke: var(--line);
}
.gap {
  fill: var(--gap);
}
.tick,
.total {
  fill: var(--dim);
  font-size: 11px;
}
.cursor {
  stroke: var(--ink);
  stroke-dasharray: 3 2;
}
.selection {
  fill: var(--accent);
  opacity: 0.15;
}
.spark {
  width: 120px;
  height: 16px;
}
.controls {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 6px;
  min-height: 26px;
}
.controls output {
  flex: 1;
  font-variant-numeric: tabular-nums;
}
.controls button {
  padding: 2px 8px;
  border: 1px solid var(--line);
  border-radius: 4px;
  background: var(--raised);
  color: var(--ink);
  font: inherit;
  font-size: 12px;
}
.controls button[aria-pressed="true"] {
  border-color: var(--accent);
  color: var(--accent);
}
@media (forced-colors: active) {
  .curve {
    stroke: CanvasText;
  }
}
@media print {
  body {
    max-width: none;
    padding: 0;
  }
  .controls,
  .no-print {
    display: none;
  }
  article,
  figure,
  tr {
    break-inside: avoid;
  }
  a[href]::after {
    content: " (" attr(href) ")";
    font-size: 11px;
  }
}
`;
