export const styles = `
:root { color-scheme: light dark; --back: #fbfbf9; --panel: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d5da; --accent: #0a5fb4; --bad: #b3261e; --good: #1a7f37; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171a; --panel: #1d2126; --ink: #e6e9ec; --soft: #a3adb8; --line: #3a424b; --accent: #7cb8ff; --bad: #ff8a80; --good: #7ee2a0; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header, main, #token-form, #message { max-width: 70rem; margin: 0 auto; padding: 0.75rem 1rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 1.5rem; border-bottom: 1px solid var(--line); }
header p { margin: 0; color: var(--soft); }
#connection { margin-left: auto; }
h1 { font-size: 1.25rem; margin: 0; }
h1 a { color: inherit; text-decoration: none; }
h2 { font-size: 1.3rem; margin: 0.75rem 0; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 0.5rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
h2:focus, main:focus { outline: none; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--panel); padding: 0.5rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.6rem; margin: 0 0 1rem; }
.figures div { background: var(--panel); border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.5rem 0.7rem; min-width: 0; }
.figures dt { color: var(--soft); font-size: 0.85rem; }
.figures dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.row, fieldset { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; margin: 0 0 0.75rem; }
fieldset { border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.5rem 0.75rem; width: 100%; min-width: 0; }
legend { color: var(--soft); font-size: 0.9rem; padding: 0 0.3rem; }
label { display: inline-flex; align-items: center; gap: 0.4rem; max-width: 100%; min-width: 0; }
select { min-width: 0; flex: 1; }
input, select, button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--soft); border-radius: 0.35rem; padding: 0.35rem 0.6rem; min-height: 2.4rem; max-width: 100%; }
#speed { width: 6rem; }
button { cursor: pointer; white-space: nowrap; }
button:hover { border-color: var(--accent); }
button:disabled { opacity: 0.5; cursor: default; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 0.4rem; background: var(--panel); }
.tall { max-height: 28rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.35rem 0.7rem; border-bottom: 1px solid var(--line); vertical-align: top; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; font-size: 0.9rem; white-space: nowrap; }
td { overflow-wrap: break-word; }
td:first-child { white-space: nowrap; }
details { overflow-x: auto; }
tbody tr:last-child td { border-bottom: none; }
.log { max-height: 14rem; overflow-y: auto; margin: 0; padding: 0.5rem 0.75rem; list-style: none; background: var(--panel); border: 1px solid var(--line); border-radius: 0.4rem; font-size: 0.9rem; min-height: 3rem; }
.bad { color: var(--bad); }
.good { color: var(--good); }
#message { color: var(--bad); border: 1px solid var(--bad); border-radius: 0.4rem; margin-top: 0.75rem; white-space: pre-line; }
figure { margin: 0; }
figcaption { color: var(--soft); font-size: 0.9rem; }
#chart svg { width: 100%; height: auto; display: block; background: var(--panel); border: 1px solid var(--line); border-radius: 0.4rem; }
#chart .grid { stroke: var(--line); stroke-width: 1; }
#chart .curve { fill: none; stroke: var(--accent); stroke-width: 2; }
#chart text { fill: var(--soft); font: 12px system-ui, sans-serif; }
details { background: var(--panel); border: 1px solid var(--line); border-radius: 0.4rem; margin-bottom: 0.4rem; padding: 0.3rem 0.7rem; }
summary { cursor: pointer; }
details table { font-size: 0.9rem; }
@media (max-width: 40rem) {
  .figures { grid-template-columns: repeat(2, 1fr); }
  header, main, #token-form, #message { padding: 0.6rem 0.7rem; }
  th, td { padding: 0.35rem 0.45rem; }
  #connection { margin-left: 0; }
  #chart text { font-size: 22px; }
}
`;
