"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const parties = new Map(data.parties.map((party) => [party.id, party]));
const SVG = "http://www.w3.org/2000/svg";

/** Creates an element: attributes, then children; text is never read as HTML. */
function h(tag, attributes = {}, ...children) {
  const made = ["svg", "use", "path", "line"].includes(tag)
    ? document.createElementNS(SVG, tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}
const icon = (name, size = 30) =>
  h("svg", { width: size, height: size, "aria-hidden": "true" },
    h("use", { href: `#icon-${name}` }));
const pill = (text, kind = "") => h("span", { class: `pill ${kind}` }, text);
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const usd = (amount) => `$${Math.round(amount).toLocaleString("en")}`;
const short = (type) => type.replace(/^AWS::/, "").replace(/^Custom::/, "");
const code = (promise) => `P-${String(promise.number).padStart(3, "0")}`;
const problem = (name) => data.problems[name] && h("p", { class: "problem" }, data.problems[name]);
/** Text with code between backticks, in elements. */
const prose = (text) =>
  text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
const label = (id) => parties.get(id)?.label ?? id;

function table(heads, rows) {
  const head = heads.map((name) =>
    h("th", { class: name.startsWith("#") && "number", scope: "col" }, name.replace("#", ""))
  );
  return h("div", { class: "table" },
    h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)));
}
const row = (cells, attributes = {}) =>
  h("tr", attributes,
    cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : h("td", {}, cell))));
const number = (text) => h("td", { class: "number" }, text);

/** A group of choices: `chosen(name)` is called with the pressed one. */
function chips(root, names, pressed, chosen, single = true) {
  root.replaceChildren(...names.map(([name, text, swatch]) =>
    h("button", {
      class: "chip",
      type: "button",
      "data-choice": name,
      "aria-pressed": String(pressed.has(name)),
      onclick: () => {
        if (single) pressed.clear(), pressed.add(name);
        else pressed.has(name) ? pressed.delete(name) : pressed.add(name);
        for (const chip of $$(".chip", root))
          chip.setAttribute("aria-pressed", String(pressed.has(chip.dataset.choice)));
        chosen(pressed);
      },
    }, swatch && h("i", { class: swatch }), text)
  ));
  chosen(pressed);
}

/* Head: facts and numbers */
const statusKind = (status) =>
  (/(FAILED|ROLLBACK)/.test(status) ? "bad" : /_COMPLETE$/.test(status) ? "good" : "warn");
$("environment").textContent = data.environment;
$("facts").append(
  ...[data.region,
    data.address && h("a", { href: data.address }, data.address.replace("https://", "")),
    `release ${data.release}`, data.commit && `commit ${data.commit}`, `page of ${data.day}`,
    data.source && `states of ${data.source}`].filter(Boolean).map((fact) => h("span", {}, fact)),
);
const promises = data.promises.flatMap((domain) => domain.promises);
const inState = (state) => promises.filter((promise) => promise.state === state).length;
const held = (effect) => effect.left >= effect.needed;
const next = data.support.find(([, until]) => until);
const resources = data.stacks.reduce((sum, stack) => sum + stack.resources.length, 0);
const tile = (where, value, text) =>
  value != null && h("a", { href: `#${where}` }, h("b", {}, value), text);
$("tiles").append(...[
  tile("stacks", `${data.stacks.length}`, `stacks, ${count(resources, "resource")}`),
  tile("flows", `${data.flows.length}`, "allowed flows, all others denied"),
  tile("cost", data.cost && `${usd(data.cost.total[1])}`, "a month at mid use"),
  tile("promises", promises.length ? `${promises.length}` : null,
    "promises: "
      + ["not kept", "relaxed", "kept", "make test"].filter(inState)
        .map((state) => `${inState(state)} ${state === "make test" ? "judged by " : ""}${state}`)
        .join(", ")),
  tile("gameday",
    data.faults.length
      ? `${
        data.faults.filter((fault) => fault.effects.every(held)).length
      } of ${data.faults.length}` : null, "faults carried at peak"),
  tile("alarms", `${data.alarms.length}`,
    `alarms, ${count(Object.keys(data.runbooks).length, "runbook")}`),
  tile("releases", next && `${next[2]} days`, next && "to the next end of support"),
].filter(Boolean));
$$("main > section").forEach((section) =>
  document.querySelector("nav").append(
    h("a", { href: `#${section.id}` },
      section.querySelector("h2").textContent.replace(" and runbooks", "").replace(" and versions",
        "")),
  )
);

/* Request path for narrow screens */
const steps = new Map();
for (const id of new Set(data.path.flatMap((edge) => [edge.source, edge.target]))) {
  const name = data.columns[parties.get(id).column];
  steps.set(name, [...(steps.get(name) ?? []), parties.get(id)]);
}
const part = (party) =>
  h("button", { class: "part", type: "button", "data-party": party.id, onclick: () =>
    choose(party.id) }, icon(party.icon), h("span", {}, party.label, h("small", {}, party.detail)));
$("steps").append(
  ...[...new Set(data.columns)].filter((name) => steps.has(name)).map((name) =>
    h("li", {}, h("h3", {}, name), h("div", {}, steps.get(name).map(part)))
  ),
);

/* Selection of a party */
const edges = [
  ...data.path.filter((edge) =>
    !data.flows.some((flow) => flow.source === edge.source && flow.target === edge.target)
  )
    .map((edge) => ({ ...edge, ports: edge.label, reason: "" })),
  ...data.flows,
];
let opener = null;
function choose(id) {
  const near = new Set(
    edges.filter((edge) => edge.source === id || edge.target === id).flatMap((edge) =>
      [edge.source, edge.target]),
  );
  for (const root of $$(".picture, .steps")) {
    root.classList.toggle("chosen", Boolean(id));
    for (const box of $$("[data-party]", root))
      box.classList.toggle("on", box.dataset.party === id),
        box.classList.toggle("near", near.has(box.dataset.party));
    for (const edge of $$(".edge", root))
      edge.classList.toggle("on", edge.dataset.from === id || edge.dataset.to === id);
  }
  const detail = $("detail");
  document.body.classList.toggle("beside", Boolean(id));
  if (!id) {
    if (!detail.hidden && detail.contains(document.activeElement)) opener?.focus();
    detail.hidden = true;
    return;
  }
  if (!detail.contains(document.activeElement)) opener = document.activeElement;
  const party = parties.get(id);
  const list = (title, found, end) =>
    found.length > 0
    && [h("h4", {}, title), h("ul", {}, found.map((flow) =>
      h("li", {}, h("button", { class: "link", type: "button", onclick: () =>
        choose(flow[end]) }, label(flow[end])), ` ${flow.ports}`,
        h("span", { class: "soft" }, flow.reason))
    ))];
  detail.replaceChildren(
    h("div", { class: "item" }, icon(party.icon, 36),
      h("div", {}, h("h3", {}, party.label), h("span", { class: "soft" }, party.detail)),
      h("button", { class: "quiet", type: "button", "aria-label": "Close",
        onclick: () => choose(null) }, "✕")),
    ...[
      party.stack && h("p", {}, "Stack ", h("a", { href: `#stack-${party.stack}`, onclick: () =>
        openStack(party.stack) }, party.stack)),
      list("Opens connections to", edges.filter((edge) =>
        edge.source === id
      ), "target"),
      list("Accepts connections from", edges.filter((edge) => edge.target === id), "source"),
    ].flat().filter(Boolean),
  );
  detail.hidden = false;
  detail.scrollTop = 0;
}
for (const box of $$(".picture .box")) {
  box.addEventListener("click", () =>
    choose(box.classList.contains("on") ? null : box.dataset.party));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ")
      event.preventDefault(), choose(box.dataset.party);
  });
}

/* Stacks and resources */
const deployed = data.stacks.some((stack) => stack.status);
const cost = (stack) => data.cost?.stacks[stack.id]?.[1];
const status = (stack) => stack.status && pill(stack.status, statusKind(stack.status));
function openStack(id) {
  const found = $(`stack-${id}`);
  if (found) found.open = true;
}
$("stack-cards").append(
  ...data.stacks.map((stack) =>
    h("a", { class: "card", href: `#stack-${stack.id}`, onclick: () => openStack(stack.id) },
      h("div", { class: "row" }, h("h3", {}, stack.id), status(stack)),
      h("p", {}, stack.description),
      h("div", { class: "row" },
        h("span", {}, `${count(stack.resources.length, "resource")} in ${stack.region}`),
        cost(stack) != null && h("span", {}, `${usd(cost(stack))} a month`)),
      stack.after.length > 0 && h("div", { class: "row" }, `after ${stack.after.join(", ")}`))
  ),
);
$("resources-about").textContent = deployed
  ? `Outputs, states and physical ids, as ${data.source} has them.`
  : "Outputs and resources of the templates. A deployed environment also has states: "
    + "make local, or make page AGAINST=account.";
$("resource-list").append(...data.stacks.map((stack) => {
  const box = h("details", { id: `stack-${stack.id}` },
    h("summary", {}, h("h3", {}, stack.id), h("span", { class: "soft" }, stack.name),
      stack.protected && pill("protected", "good"), status(stack),
      pill(count(stack.resources.length, "resource"))));
  box.addEventListener("toggle", () => {
    if (!box.open || box.children.length > 1) return;
    const output = ([name, about, value]) =>
      row([about || name.replace(/^(ExportsOutput|PublishOutput)(Ref|FnGetAtt)/, ""),
        h("code", {}, value)]);
    const own = stack.outputs.filter(([, about]) => about),
      others = stack.outputs.filter(([, about]) => !about);
    box.append(
      h("div", {}, own.length > 0 && table(["output", "value"], own.map(output)),
        others.length > 0
          && h("details", {},
            h("summary", {},
              h("span", { class: "soft" }, `${count(others.length, "value")} for other stacks`)),
            h("div", {}, table(["output", "value"], others.map(output)))),
        table(["resource", "type", "", ...(deployed ? ["state", "physical id"] : [])],
          stack.resources.map(([name, type, kept, physical, state]) =>
            row([
              name,
              h("span", { class: "soft" }, short(type)),
              kept && pill("kept on deletion", "good"),
              ...(deployed
                ? [state ? pill(state, statusKind(state)) : pill("not deployed", "warn"),
                  h("code", {}, physical)] : []),
            ])
          ))),
    );
  });
  return box;
}));

/* Flows */
const kinds = { request: "Requests, events and data", scrape: "Scrapes", operation: "Operations" };
const layers = new Set(["request"]);
function showFlows() {
  const wanted = Object.keys(kinds).filter((kind) => layers.has(kind)).join(" ");
  for (const picture of $$("#flows .picture"))
    picture.style.display = picture.dataset.layers === wanted ? "" : "none";
  const shown = data.flows.filter((flow) => layers.has(flow.kind));
  $("flow-table").replaceChildren(
    ...table(["from", "to", "port, TCP unless marked", "reason"], shown.map((flow) =>
      row([
        h("button", { class: "link", type: "button", onclick: () => choose(flow.source) },
          label(flow.source)),
        h("button", { class: "link", type: "button", onclick: () => choose(flow.target) },
          label(flow.target)),
        h("span", { class: "mono" }, flow.ports),
        flow.reason,
      ], { "data-flow": `${flow.source} ${flow.target} ${flow.ports}` })
    )).childNodes,
  );
}
$$("#flows .picture").forEach((picture, index) => {
  picture.dataset.layers =
    ["request", "request scrape", "request operation", "request scrape operation"][index];
});
chips($("layers"), Object.entries(kinds).map(([kind, text]) => [kind, text, kind]), layers,
  showFlows, false);
$$("#layers .chip")[0].disabled = true;

/* Cost */
function showCost() {
  const { levels, listeners, stacks, lines, total, savings, warnings, unsure_percent: unsure,
    budget } = data.cost;
  const most = Math.max(...Object.values(stacks).map((amounts) => amounts[1]), 1);
  const rows = Object.entries(stacks).flatMap(([stack, amounts]) => {
    const subs = lines.filter((line) => line.stack === stack && line.usd[2] >= 0.5).map((line) =>
      row([line.label, "", ...line.usd.map((amount) => number(usd(amount)))], { class: "sub",
        hidden: true })
    );
    const toggle = () => {
      for (const sub of subs) sub.hidden = !sub.hidden;
      name.setAttribute("aria-expanded", String(!subs[0]?.hidden));
    };
    const name = h("button", { class: "link", type: "button", "aria-expanded": "false",
      onclick: toggle }, stack);
    return [
      row([name,
        h("div", { class: "bar" }, h("i", { style: `width:${(100 * amounts[1]) / most}%` })),
        ...amounts.map((amount) => number(usd(amount)))], { id: `cost-${stack}` }),
      ...subs,
    ];
  });
  rows.push(row(["all", "", ...total.map((amount) => number(usd(amount)))], { class: "total" }));
  return [
    h("p", { class: "soft" }, `USD a month at list prices with ${
      listeners.map((of) => of.toLocaleString("en")).join(", ")
    } monthly listeners. Budget ${usd(budget)}. ${
      unsure[1]
    }% of mid use is at prices without a public source. Select a stack for its items.`),
    h("div", { class: "spend" }, table(["stack", "mid use", ...levels.map((level) =>
      `#${level}`
    )], rows)),
    savings.length > 0
    && [h("p", { style: "margin-top:14px" }, h("b", {}, "Largest savings at mid use")),
      table(["#USD a month", "change", "commitment"], savings.slice(0, 5).map((saving) =>
        row([number(usd(saving.usd)), saving.change, saving.commitment || "none"])
      ))],
    warnings.map((warning) =>
      h("p", { style: "margin-top:10px" }, pill("note", "warn"), ` ${warning}`)
    ),
  ];
}
$("cost-content").append(...(data.cost ? showCost().flat().filter(Boolean) : [problem("cost")]));

/* Capacity */
const amount = (value) => value.toLocaleString("en",
  value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
const full = (part) => (part.room ? part.needed / part.room : 1);
if (data.plan.length)
  $("plan-about").textContent = `Load of the busiest minute with ${
    data.listeners.toLocaleString("en")
  } monthly listeners, against what settings carry. A full bar has no reserve.`;
$("plan-content").append(
  data.plan.length
    ? table(["component", "load of capacity", "#load", "#capacity", "unit", "#carries listeners"],
      data.plan.map((part) =>
        row([
          part.component,
          h("div", { class: "bar" },
            h("i", { class: full(part) > 1 ? "bad" : full(part) > 0.9 ? "warn" : "",
              style: `width:${Math.min(100, 100 * full(part))}%` })),
          number(amount(part.needed)),
          number(amount(part.room)),
          part.what,
          number(part.listeners >= 1e9 ? "any" : amount(part.listeners)),
        ])
      )) : problem("plan"),
);

/* Promises */
const stateKind = { kept: "good", relaxed: "warn", "not kept": "bad", "make test": "" };
function showPromises(pressed) {
  const [wanted] = pressed;
  $("promise-list").replaceChildren(...data.promises.map((domain) => {
    const shown = domain.promises.filter((promise) => wanted === "all" || promise.state === wanted);
    return shown.length > 0
      && h("details", { open: wanted !== "all" },
        h("summary", {}, h("h3", {}, domain.title),
          h("span", { class: "squares", "aria-hidden": "true" }, shown.map((promise) =>
            h("i", { class: stateKind[promise.state],
              title: `${code(promise)}: ${promise.state}` })
          )), pill(count(shown.length, "promise"))), h("div", {}, shown.map((promise) =>
            h("div", { class: "promise", id: `promise-${promise.number}` },
              h("a", { class: "mono",
                href: `${data.docs}/properties/${domain.page}.md#${code(promise).toLowerCase()}` },
                code(promise)),
              h("span", {}, prose(promise.text)), pill(promise.state, stateKind[promise.state]),
              promise.reason && h("small", {}, prose(promise.reason)))
          )));
  }).filter(Boolean));
}
if (promises.length) {
  chips($("promise-chips"), [["all", `all ${promises.length}`],
    ...Object.keys(stateKind).filter(inState).map((state) =>
      [state, `${state === "make test" ? "decided by make test" : state} ${inState(state)}`])],
    new Set(["all"]), showPromises);
} else $("promise-list").append(problem("promises") ?? "");

/* Game day */
const margin = (effect) => effect.left / (effect.needed || 1);
const effectRow = (effect) =>
  h("div", { class: "effect" }, h("span", {}, `${effect.component}, ${effect.what}`),
    h("span", {},
      `${effect.left.toLocaleString("en")} left, ${effect.needed.toLocaleString("en")} needed`),
    h("div", { class: "bar" },
      h("i", { class: held(effect) ? "" : "bad",
        style: `width:${Math.min(100, 100 / margin(effect))}%` })),
    !held(effect) && h("span", {}, effect.fix));
$("fault-cards").append(...(data.faults.length ? data.faults.map((fault) => {
  // Loads before counts of one or two, then the least reserve.
  const rank = (effect) => (held(effect) ? (effect.needed > 2 ? 1 : 2) : 0);
  const sorted = [...fault.effects].sort((one, other) =>
    rank(one) - rank(other) || margin(one) - margin(other)
  );
  const book = data.runbooks[fault.runbook];
  return h("div", { class: "card",
    id: `fault-${fault.runbook}-${fault.name.replace(/\W+/g, "-")}` },
    h("div", { class: "row" }, h("h3", {}, fault.name[0].toUpperCase() + fault.name.slice(1)),
      sorted.every(held) ? pill("carried", "good") : pill("short", "bad")),
    h("p", {}, "Practised by ", fault.experiments.join(", "), ". ",
      book && h("a", { href: book[1] }, "Runbook")), sorted.slice(0, 3).map(effectRow),
    sorted.length > 3
      && h("details", {}, h("summary", {}, `${sorted.length - 3} more`),
        h("div", {}, sorted.slice(3).map(effectRow))));
}) : [problem("gameday")]));

/* Alarms */
function showAlarms(pressed) {
  const [wanted] = pressed;
  const fits = (alarm) => wanted === "all" || alarm.severity === wanted || alarm.source === wanted;
  $("alarm-list").replaceChildren(...Object.entries(data.runbooks).map(([name, [title, link]]) => {
    const shown = data.alarms.filter((alarm) =>
      alarm.runbook.split("#")[0] === name && fits(alarm)
    );
    if (!shown.length && wanted !== "all") return null;
    const of = (severity) => shown.filter((alarm) => alarm.severity === severity).length;
    return h("details", { id: `runbook-${name}` },
      h("summary", {}, h("h3", {}, title), h("span", { class: "soft" }),
        of("critical") > 0 && pill(`${of("critical")} critical`, "bad"),
        of("warning") > 0 && pill(count(of("warning"), "warning"), "warn")),
      h("div", {}, h("a", { href: link }, `Open the runbook ${name}`),
        shown.map((alarm) =>
          h("div", { class: "alarm", id: `alarm-${alarm.name}` },
            pill(alarm.severity, alarm.severity === "critical" ? "bad" : "warn"), " ",
            h("b", {}, alarm.name), ` ${alarm.source}. ${alarm.text} `,
            h("a", {
              href: link + (alarm.runbook.includes("#") ? `#${alarm.runbook.split("#")[1]}` : ""),
            }, "runbook"), h("span", { class: "mono" }, alarm.condition))
        )));
  }).filter(Boolean));
}
const bySource = (field, value) => data.alarms.filter((alarm) => alarm[field] === value).length;
chips($("alarm-chips"), [["all", `all ${data.alarms.length}`],
  ...[["severity", "critical"], ["severity", "warning"], ["source", "CloudWatch"], ["source",
    "Prometheus"]].filter(([field, value]) => bySource(field, value)).map(([field, value]) =>
      [value, `${value} ${bySource(field, value)}`])], new Set(["all"]), showAlarms);
if (problem("alerts")) $("alarm-list").before(problem("alerts"));

/* Dashboards: values from a generator with a fixed seed */
function* sample(text) {
  let state = [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  for (;;) {
    state = (state * 1664525 + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}
function line(seed, shade) {
  const random = sample(seed), base = 20 + 36 * random.next().value,
    phase = 6 * random.next().value;
  const points = Array.from({ length: 49 },
    (_, index) =>
      `${(index * 100) / 48} ${
        (base + 12 * Math.sin(index / 8 + phase) + 7 * (random.next().value - 0.5)).toFixed(1)
      }`);
  return h("path", { d: `M${points.join("L")}`, fill: "none", stroke: `var(--${shade})`,
    "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" });
}
const UNITS = { percentunit: "%", s: " s", bytes: " MB", Bps: " MB/s", reqps: " /s", percent: "%" };
function draw(panel) {
  const random = sample(panel.title), shades = ["request", "operation", "scrape", "soft"];
  if (panel.kind === "number")
    return h("strong", {},
      panel.unit === "percentunit" ? `${(90 + 9.9 * random.next().value).toFixed(1)}%`
        : `${Math.round(5 + 90 * random.next().value)}${UNITS[panel.unit] ?? ""}`);
  if (panel.kind === "bars")
    return h("div", {}, [90, 74, 61, 48, 30].map((width) =>
      h("div", { class: "bar", style: "margin:6px 0" }, h("i", { style: `width:${width}%` }))
    ));
  const limits = panel.limits.map((limit, index) =>
    limit != null
    && h("line", { x1: 0, x2: 100, y1: 10 - 5 * index, y2: 10 - 5 * index,
      stroke: index ? "var(--bad)" : "var(--warn)", "stroke-dasharray": "2 2",
      "vector-effect": "non-scaling-stroke" })
  );
  return h("svg", { viewBox: "0 0 100 76", preserveAspectRatio: "none", role: "img",
    "aria-label": "sample data" }, limits,
    panel.series.slice(0, 4).map((name, index) => line(panel.title + name + index, shades[index])));
}
function showBoard(pressed) {
  const board = data.dashboards[Number([...pressed][0])];
  $("board-about").textContent = `${board.about} (${board.source})`;
  $("board").replaceChildren(
    ...board.panels.map((panel) =>
      (panel.kind === "row" ? h("h3", {}, panel.title)
      : h("div", { class: "panel", title: panel.about,
        style: `grid-column:span ${panel.width}` }, h("h4", {}, panel.title), draw(panel),
        h("p", {}, panel.series.join(", ") || " ")))
    ),
  );
}
if (data.dashboards.length)
  chips($("board-chips"), data.dashboards.map((board, index) => [String(index), board.title]),
    new Set(["0"]), showBoard);

/* Releases and versions */
const age = (days) =>
  (days == null ? ""
  : days < 0 ? pill(`ended ${-days} days ago`, "bad")
  : pill(`${days} days`, days <= 120 ? "warn" : "good"));
$("release-content").append(
  h("p", { class: "soft" },
    "Ends of support, the next one first. Within 120 days a change is planned."),
  table(["component", "supported until", "", "source"],
    data.support.map(([name, until, days, source]) =>
      row([name, until || "no end announced", age(days), h("span", { class: "soft" }, source)], {
        "data-version": name,
      })
    )),
  h("p", { class: "soft", style: "margin-top:18px" }, "Helm releases, in the order of the stacks."),
  table(["release", "chart", "version", "namespace", "stack"],
    data.charts.map(([name, chart, version, namespace, stack]) =>
      row([name, chart, version, namespace, stack], { id: `release-${name}` })
    )),
);

/* Search */
const go = (id, open) => () => {
  open?.();
  const found = $(id);
  for (let box = found?.closest("details"); box; box = box.parentElement.closest("details"))
    box.open = true;
  found?.scrollIntoView({ block: "center" });
  found?.classList.add("found");
  setTimeout(() => found?.classList.remove("found"), 2500);
};
const press = (root, choice) => () =>
  document.querySelector(`#${root} [data-choice="${choice}"]`)?.click();
const index = [
  ...data.parties.map((party) => ["component", `${party.label} ${party.id}`, party.label, () => {
    $("path").scrollIntoView();
    choose(party.id);
  }]),
  ...data.stacks.map((stack) =>
    ["stack", stack.name, stack.id, go(`stack-${stack.id}`, () => openStack(stack.id))]),
  ...promises.map((promise) =>
    ["promise", `${code(promise)} ${promise.text}`, promise.text,
    go(`promise-${promise.number}`, press("promise-chips", "all"))]
  ),
  ...data.alarms.map((alarm) =>
    ["alarm", `${alarm.name} ${alarm.text}`, alarm.name,
    go(`alarm-${alarm.name}`, press("alarm-chips", "all"))]
  ),
  ...Object.entries(data.runbooks).map(([name, [title]]) =>
    ["runbook", `${name} ${title}`, title, go(`runbook-${name}`, press("alarm-chips", "all"))]),
  ...data.dashboards.map((board, at) =>
    ["dashboard", `${board.title} ${board.about}`, board.title,
    go("dashboards", press("board-chips", at))]
  ),
  ...(data.cost?.lines ?? []).map((line) =>
    ["cost", `${line.label} ${line.stack}`, line.label, go(`cost-${line.stack}`)]),
  ...data.plan.map((part) =>
    ["capacity", `${part.component} ${part.what}`, `${part.component}, ${part.what}`,
    go("plan")]
  ),
  ...data.support.map(([name]) =>
    ["version", name, name,
    () =>
      $$("[data-version]").find((line) => line.dataset.version === name).scrollIntoView({
        block: "center",
      })]
  ),
  ...data.charts.map(([name, chart]) =>
    ["release", `${name} ${chart}`, name, go(`release-${name}`)]),
  ...data.stacks.flatMap((stack) =>
    stack.resources.map(([name, type, , physical]) =>
      [short(type), `${name} ${type} ${physical}`, name, go(`stack-${stack.id}`, () => {
      openStack(stack.id);
      setTimeout(
        () =>
          $$(`#stack-${stack.id} tr`).find((line) => line.firstChild.textContent === name)
            ?.scrollIntoView({ block: "center" }),
        60,
      );
    })])
  ),
];
const search = $("search"), results = $("results");
let hits = [], at = 0;
function close() {
  results.hidden = true;
  search.setAttribute("aria-expanded", "false");
  search.removeAttribute("aria-activedescendant");
}
function mark(to) {
  at = (to + hits.length) % hits.length;
  $$("li", results).forEach((item, place) =>
    item.setAttribute("aria-selected", String(place === at))
  );
  results.children[at]?.scrollIntoView({ block: "nearest" });
  search.setAttribute("aria-activedescendant", `result-${at}`);
}
function open(place) {
  const hit = hits[place];
  close();
  if (hit) search.blur(), hit[3]();
}
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  hits = words.length
    ? index.filter(([, text]) => words.every((word) => text.toLowerCase().includes(word))).slice(0,
      40) : [];
  results.replaceChildren(
    ...(hits.length ? hits.map(([kind, , title], place) =>
      h("li", { role: "option", id: `result-${place}`, onmousedown: (event) => {
        event.preventDefault();
        open(place);
      } }, h("span", {}, title), h("small", {}, kind))
    ) : [h("li", {}, "Nothing found.")]),
  );
  results.hidden = !words.length;
  search.setAttribute("aria-expanded", String(words.length > 0));
  if (hits.length) mark(0);
});
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" && hits.length) event.preventDefault(), mark(at + 1);
  else if (event.key === "ArrowUp" && hits.length) event.preventDefault(), mark(at - 1);
  else if (event.key === "Enter") open(at);
});
search.addEventListener("blur", close);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName))
    event.preventDefault(), search.focus(), search.select();
  if (event.key === "Escape") {
    if (!results.hidden) close();
    else if (document.activeElement === search) search.blur();
    else choose(null);
  }
});

/* Theme: the system's, or the chosen one */
const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
const kept = () => {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
};
const paint = () => (root.dataset.theme = kept() ?? (dark.matches ? "dark" : "light"));
dark.addEventListener("change", paint);
$("theme").addEventListener("click", () => {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch { /* a file without storage */ }
});
paint();
