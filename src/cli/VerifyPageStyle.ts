/** How the page of `archive-verify` looks: on a desk, on a phone, on paper, by day and by night. */

export const pageStyle = `
:root{--ink:#1c2430;--faint:#5b6675;--paper:#fff;--line:#d9dee5;--archived:#2f6fb4;--hole:#c8321f;--damaged:#8c1d6b;--unknown:#c9a227;--good:#1f7a3d}
@media (prefers-color-scheme:dark) and (not print){:root{--ink:#e6eaf0;--faint:#9aa6b5;--paper:#14181e;--line:#323a45;--archived:#5b9be0;--hole:#f0644f;--damaged:#d36bb5;--unknown:#e0bb45;--good:#57b877}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.2rem 0 0;overflow-wrap:anywhere}
code{font-size:.9em;overflow-wrap:anywhere}
.verdict{font-size:1.2rem;font-weight:600;border-left:.4rem solid;padding:.3rem .8rem}
.whole{color:var(--good)}.broken{color:var(--hole)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.5rem 1rem;margin:1rem 0}
dt{color:var(--faint);font-size:.85rem}dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}
td:last-child{min-width:14rem}
tr.error td:first-child{color:var(--hole);font-weight:600}
.topic p{margin:0;color:var(--faint);font-size:.9rem}
.coverage{list-style:none;margin:.3rem 0 0;padding:0}
.coverage li{display:flex;align-items:center;gap:.5rem;height:1rem}
.coverage span{flex:none;width:2.6rem;text-align:right;font-size:.75rem;color:var(--faint)}
.coverage svg{flex:1;height:.75rem;min-width:0;background:var(--line)}
.archived{fill:var(--archived);background:var(--archived)}.hole{fill:var(--hole);background:var(--hole)}
.damaged{fill:var(--damaged);background:var(--damaged)}.unknown{fill:var(--unknown);background:var(--unknown)}
.mark{stroke:var(--paper);stroke-width:1;vector-effect:non-scaling-stroke;fill:none}
p.line{display:flex;justify-content:space-between;margin:0;font-size:.75rem;color:var(--faint)}
.topic p.line{margin-left:3.1rem;font-size:.75rem}
.legend{font-size:.9rem}.legend b{display:inline-block;width:1em;height:.75em;margin:0 .2em 0 .8em}.legend b:first-child{margin-left:0}
.bars{display:flex;align-items:flex-end;gap:1px;height:7rem;border-bottom:1px solid var(--line)}
.bars i{flex:1;min-width:1px;max-width:3rem;background:var(--archived)}
@media (max-width:40rem){thead{display:none}tr{display:block;padding:.4rem 0;border-bottom:1px solid var(--line)}td{display:inline;border:0;padding:0 .4rem 0 0}td:last-child{display:block;min-width:0}}
@media print{*{print-color-adjust:exact;-webkit-print-color-adjust:exact}main{max-width:none;padding:0}.topic,tr{break-inside:avoid}.scroll{overflow:visible}body{font-size:11pt}}
`
