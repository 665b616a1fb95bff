// The style sheet of the HTML pages.
//
// Purpose:   one look for all of them; part of every page, so that nothing else is to be loaded.
// Ownership: constants.
// Thread:    any.
#pragma once

#include <string_view>

namespace sdt::expose {

inline constexpr std::string_view page_style = R"(:root {
  color-scheme: light dark;
  --page: #f4f6f9; --card: #ffffff; --line: #d9dfe8; --text: #1b2330; --soft: #566173;
  --link: #0b57a4; --bar: #b9d0ee; --now: #1f6fd1;
  --good: #11663a; --good-back: #def3e6; --wait: #5b4b00; --wait-back: #fbf0c4;
  --bad: #9b1c1c; --bad-back: #fde4e2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151b; --card: #191f28; --line: #303947; --text: #e4e9f1; --soft: #a0acbf;
    --link: #8ab8ff; --bar: #34506f; --now: #63a4f5;
    --good: #8fe3b0; --good-back: #143524; --wait: #f0d878; --wait-back: #3a3210;
    --bad: #ffb0a8; --bad-back: #47201f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
       font: 0.95rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--now); outline-offset: 2px; }
code, .path { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.88em;
              overflow-wrap: anywhere; unicode-bidi: isolate; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.3rem 1.4rem;
       padding: 0.8rem max(1rem, calc(50% - 40rem)); background: var(--card);
       border-bottom: 1px solid var(--line); }
.brand { font-weight: 700; }
nav { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; }
nav a { text-decoration: none; padding: 0.1rem 0; }
nav a:hover { text-decoration: underline; }
nav a[aria-current] { color: var(--text); border-bottom: 2px solid var(--now); }
.version { color: var(--soft); margin-left: auto; }
main { max-width: 80rem; margin: 0 auto; padding: 1.2rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 0.3rem; }
h2 { font-size: 1.2rem; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: 0; }
.soft { color: var(--soft); }
.lead { color: var(--soft); margin-bottom: 1.2rem; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem 0.7rem; }
main > .card { margin-top: 1rem; }
.state { flex: none; white-space: nowrap; border-radius: 1rem; padding: 0.05rem 0.65rem; font-size: 0.82rem;
         font-weight: 600; }
.good { color: var(--good); background: var(--good-back); }
.wait { color: var(--wait); background: var(--wait-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.target { margin-top: 2rem; }
.target > .facts { margin: 0.5rem 0 0.6rem; }
.facts { display: flex; flex-wrap: wrap; gap: 0.4rem 1.8rem; margin: 0; }
.facts div { min-width: 0; }
.facts dt { color: var(--soft); font-size: 0.8rem; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.cards { display: grid; gap: 1rem; margin-top: 1rem;
         grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
.card { display: flex; flex-direction: column; gap: 0.6rem; min-width: 0; padding: 0.9rem 1rem;
        background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; }
.why { border-left: 3px solid currentColor; border-radius: 0.3rem; padding: 0.35rem 0.7rem;
       overflow-wrap: anywhere; }
.big { font-size: 1.7rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums;
       overflow-wrap: anywhere; }
.big small { font-size: 0.9rem; font-weight: 400; color: var(--soft); }
figure { margin: 0; }
svg { display: block; width: 100%; height: 6rem; border-bottom: 1px solid var(--line); }
.all { fill: var(--bar); }
.now { fill: var(--now); }
.axis { display: flex; justify-content: space-between; color: var(--soft); font-size: 0.8rem; }
.wide { overflow-x: auto; }
figure table { margin-top: 0.3rem; font-size: 0.85rem; }
figure th, figure td { padding-right: 0.5rem; white-space: nowrap; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.8rem 0.2rem 0;
         border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-size: 0.8rem; font-weight: 400; }
tbody th { font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
.swatch { display: inline-block; width: 0.7rem; height: 0.7rem; margin-right: 0.4rem;
          border-radius: 0.15rem; background: var(--bar); }
.swatch.is-now { background: var(--now); }
details { border-top: 1px solid var(--line); padding-top: 0.4rem; }
.target > details { border: 0; padding: 0; }
summary { cursor: pointer; color: var(--soft); width: fit-content; }
details[open] > summary { margin-bottom: 0.4rem; }
.card details { margin-bottom: -0.1rem; }
meter { width: 7rem; height: 0.8rem; vertical-align: middle; }
ul { margin: 0; padding-left: 1.2rem; }
@media (max-width: 30rem) {
  main { padding: 1rem 0.8rem 2rem; }
  .version { margin-left: 0; }
  .card { padding: 0.8rem; }
  figure th { white-space: normal; }
  .lines thead { position: absolute; clip-path: inset(50%); }
  .lines tr { display: grid; grid-template-columns: 1fr auto; gap: 0.1rem 1rem; padding: 0.6rem 0;
              border-top: 1px solid var(--line); }
  .lines tr:first-child { border-top: 0; padding-top: 0; }
  .lines th, .lines td { display: contents; text-align: left; }
  .lines td > span { text-align: right; }
  .lines td[data-name]::before { content: attr(data-name); color: var(--soft); }
}
)";

}  // namespace sdt::expose
