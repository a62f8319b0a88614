// The recipient picker with script: whole branches at a touch, counts and chips that follow, a
// filter while typing, arrow keys between rows. Without this file the same buttons are submitted.
(() => {
  "use strict";
  const picker = document.getElementById("picker");
  if (!picker) return;
  const form = picker.closest("form");
  const $ = (id) => document.getElementById(id);
  const CHIPS_MAX = 12;
  const boxes = (root, name) => [...root.querySelectorAll(`input[name=${name}]`)];
  const ticked = (root, name) => boxes(root, name).filter((box) => box.checked);
  const nameOf = (box) => box.closest("li").querySelector("label span").textContent;
  const changed = () => form.dispatchEvent(new Event("input", { bubbles: true }));
  for (const button of form.querySelectorAll("[data-noscript]")) button.hidden = true;

  const tick = (root, what) => {
    // With a filter on, 全选 means what can be seen; 清空 always means all of it.
    for (const row of root.querySelectorAll("li")) {
      if (row.hidden && what !== "none") continue;
      const to = row.querySelector("input[name=to]");
      const cc = row.querySelector("input[name=cc]");
      to.checked = what === "to";
      cc.checked = what === "cc";
    }
  };

  // A summary cannot hold a check box of its own without confusing readers, so a half-chosen
  // branch says so in its count.
  const count = (part) => {
    const [to, cc] = [ticked(part, "to").length, ticked(part, "cc").length];
    const all = boxes(part, "to").length;
    part.querySelector("[data-count]").textContent =
      `${to} / ${all}` + (cc ? ` · 抄送 ${cc}` : "");
    return { to, cc, all };
  };

  const chip = (kind, text, remove, label) => {
    const span = document.createElement("span");
    span.className = "chip";
    const soft = document.createElement("span");
    soft.className = "soft";
    soft.textContent = kind;
    // 主送 is the rule, so only the exception is named.
    if (kind === "抄送") span.append(soft, " ");
    span.append(text);
    if (remove) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "✕";
      button.setAttribute("aria-label", `不送 ${label}`);
      button.addEventListener("click", () => { remove(); update(); changed(); });
      span.append(button);
    }
    return span;
  };

  const chipsOf = (name, kind) => {
    const wholes = [], singles = [];
    const clear = (part) => () => { for (const box of boxes(part, name)) box.checked = false; };
    for (const group of picker.querySelectorAll(".pick-group")) {
      const all = boxes(group, name).length;
      if (all > 1 && ticked(group, name).length === all) {
        const called = group.dataset.name;
        wholes.push(chip(kind, `${called} · ${all}`, clear(group), called));
        continue;
      }
      for (const branch of group.querySelectorAll(".pick-branch")) {
        const some = ticked(branch, name);
        if (some.length > 1 && some.length === boxes(branch, name).length) {
          const called = branch.dataset.name;
          wholes.push(chip(kind, `${called} · ${some.length}`, clear(branch), called));
        } else {
          singles.push(...some);
        }
      }
    }
    const shown = singles.slice(0, CHIPS_MAX).map((box) =>
      chip(kind, nameOf(box), () => { box.checked = false; }, nameOf(box)));
    const rest = singles.length - shown.length;
    if (rest > 0) shown.push(chip(kind, `另选单位 · ${rest}`, null));
    return [...wholes, ...shown];
  };

  const update = () => {
    for (const part of picker.querySelectorAll(".pick-branch, .pick-group")) count(part);
    const to = ticked(picker, "to");
    const cc = ticked(picker, "cc");
    const primary = new Set(to.map((box) => box.value));
    const twice = cc.filter((box) => primary.has(box.value));
    $("pick-sum").textContent = to.length + cc.length === 0 ? "还没有选择单位"
      : `主送 ${to.length} 个单位，抄送 ${cc.length - twice.length} 个单位`;
    $("pick-twice").textContent = twice.length === 0 ? ""
      : `重复：${twice.map(nameOf).join("、")} 同时在主送和抄送里，只按主送送一次。`;
    $("pick-chips").replaceChildren(...chipsOf("to", "主送"), ...chipsOf("cc", "抄送"));
  };

  const filter = () => {
    const wanted = $("search").value.trim();
    let found = 0;
    for (const branch of picker.querySelectorAll(".pick-branch")) {
      let here = 0;
      for (const row of branch.querySelectorAll("li")) {
        const text = row.querySelector("label").textContent + " " + (row.dataset.alias || "");
        row.hidden = !text.includes(wanted);
        if (!row.hidden) here += 1;
      }
      branch.hidden = here === 0;
      branch.querySelector("details").open = wanted !== "" && here > 0;
      found += here;
    }
    for (const group of picker.querySelectorAll(".pick-group")) {
      group.hidden = !group.querySelector(".pick-branch:not([hidden])");
    }
    $("pick-found").textContent = wanted === "" ? ""
      : found === 0 ? `没有找到“${wanted}”，请换一个写法或清空` : `找到 ${found} 个`;
  };

  picker.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-all]");
    if (!button) return;
    event.preventDefault();
    tick(button.closest(".pick-branch, .pick-group"), button.dataset.all);
    update();
    changed();
  });
  picker.addEventListener("change", (event) => {
    if (event.target.matches("input[type=checkbox]")) update();
  });
  picker.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target.matches("[type=search]") && step < 0) return;
    const stops = [...picker.querySelectorAll("#search, summary, li input")].filter((stop) =>
      stop.name !== "cc" || event.target.name === "cc")
      .filter((stop) => stop.getClientRects().length > 0);
    const next = stops[stops.indexOf(event.target) + step];
    if (next) { next.focus(); event.preventDefault(); }
  });
  $("search").addEventListener("input", (event) => { event.stopPropagation(); filter(); });
  $("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, textarea, select")) {
      event.preventDefault();
      $("search").focus();
    }
  });
  update();
})();
