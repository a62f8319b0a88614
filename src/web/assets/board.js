// The board keeps itself fresh: asks for the same address with part=rows, replaces only rows that
// differ and marks them for a moment. While a pointer rests on the table or something in it has
// the focus, rows still change in place, but none is added, removed or moved.
(() => {
  "use strict";
  const EVERY_MS = 4000, MARK_MS = 2500;
  const $ = (id) => document.getElementById(id);
  if (!$("live-rows")) return;
  let failed = 0, lastRead = "";
  const counts = (part) =>
    [...part.querySelectorAll(".numbers a")].map((a) => a.textContent.trim()).join("，");
  let said = counts(document);

  const address = () => {
    const url = new URL(location.href);
    url.searchParams.set("part", "rows");
    return url;
  };
  const held = () => {
    const table = $("live-table");
    return table.matches(":hover") || table.contains(document.activeElement);
  };
  const swap = (old, fresh) => {
    if (old.contains(document.activeElement)) {
      // Keep the focus: only the cells around it change.
      [...old.children].forEach((cell, i) => {
        const other = fresh.children[i];
        if (other && !cell.contains(document.activeElement) && cell.innerHTML !== other.innerHTML) {
          cell.innerHTML = other.innerHTML;
        }
      });
      return old;
    }
    old.replaceWith(fresh);
    return fresh;
  };
  const mark = (row) => {
    row.classList.add("changed");
    setTimeout(() => row.classList.remove("changed"), MARK_MS);
  };

  const show = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const rows = page.getElementById("live-rows");
    if (!rows) throw new Error("no rows");
    const quiet = !held();
    const fresh = new Map([...rows.children].map((row) => [row.id, row]));
    let changes = 0;
    for (const old of [...$("live-rows").children]) {
      const now = fresh.get(old.id);
      if (!now) { if (quiet) { old.remove(); changes += 1; } continue; }
      old.classList.remove("changed");
      if (!old.getAttribute("class")) old.removeAttribute("class");
      if (old.outerHTML !== now.outerHTML) { mark(swap(old, now.cloneNode(true))); changes += 1; }
    }
    if (quiet) {
      let before = null;
      for (const id of fresh.keys()) {
        let row = $(id);
        if (!row) { row = fresh.get(id).cloneNode(true); mark(row); changes += 1; }
        const place = before ? before.nextElementSibling : $("live-rows").firstElementChild;
        if (row !== place) $("live-rows").insertBefore(row, place);
        before = row;
      }
    }
    for (const id of ["live-head", "live-foot"]) {
      const now = page.getElementById(id);
      if (!now || $(id).innerHTML === now.innerHTML) continue;
      const focused = [...$(id).querySelectorAll("a")].indexOf(document.activeElement);
      $(id).innerHTML = now.innerHTML;
      const links = $(id).querySelectorAll("a");
      if (focused >= 0 && links[focused]) links[focused].focus({ preventScroll: true });
    }
    if (counts(page) !== said) $("live-said").textContent = said = counts(page);
    return changes;
  };

  const turn = async () => {
    if (!document.hidden) {
      try {
        const stop = AbortSignal.timeout(EVERY_MS);
        const answer = await fetch(address(), { credentials: "same-origin", signal: stop,
          redirect: "error", cache: "no-store" });
        if (!answer.ok) throw new Error(String(answer.status));
        const html = await answer.text();
        if (html !== lastRead) { show(html); lastRead = html; }
        failed = 0;
        $("live-failed").hidden = true;
      } catch {
        failed += 1;
        if (failed >= 2) {
          $("live-failed").querySelector("span").textContent =
            "下面是此前的情况，会继续重试；也可按“刷新”，必要时重新登录。";
          $("live-failed").hidden = false;
        }
      }
    }
    setTimeout(turn, EVERY_MS);
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, textarea, select")) {
      event.preventDefault();
      $("q").focus();
    }
  });
  setTimeout(turn, EVERY_MS);
})();
