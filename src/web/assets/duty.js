// The duty page keeps itself fresh: asks for the same address with part=live and replaces the
// bands when they differ; what has the focus keeps it. Makes a sound once for a gap that was not
// there before, and only after somebody switched it on here.
(() => {
  "use strict";
  const EVERY_MS = 4000, SOUND = "duty-sound";
  const $ = (id) => document.getElementById(id);
  let failed = 0, sound = null, known = new Set(gaps(document));

  function gaps(page) {
    return (page.getElementById("duty-live").dataset.gaps || "").split(" ").filter(Boolean);
  }
  const beep = () => {
    if (!sound) return;
    const tone = sound.createOscillator(), loud = sound.createGain();
    tone.frequency.value = 880;
    loud.gain.setValueAtTime(0.2, sound.currentTime);
    loud.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.6);
    tone.connect(loud).connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + 0.6);
  };
  const show = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const now = page.getElementById("duty-live"), old = $("duty-live");
    if (!now) throw new Error("no bands");
    const found = gaps(page), fresh = found.filter((gap) => !known.has(gap));
    known = new Set(found);
    if (old.outerHTML !== now.outerHTML) {
      const held = document.activeElement, row = old.contains(held) && held.closest("[id]");
      const place = row ? [...row.querySelectorAll("a, button")].indexOf(held) : -1;
      old.replaceWith(now);
      const again = row && $(row.id) && $(row.id).querySelectorAll("a, button")[place];
      if (again) again.focus({ preventScroll: true });
    }
    if (fresh.length) {
      $("duty-said").textContent = `有 ${fresh.length} 处新情况`;
      beep();
    }
  };
  const turn = async () => {
    try {
      const url = new URL(location.href);
      url.searchParams.set("part", "live");
      const answer = await fetch(url, { credentials: "same-origin", redirect: "error",
        cache: "no-store", signal: AbortSignal.timeout(EVERY_MS) });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.text());
      failed = 0;
      $("live-failed").hidden = true;
    } catch {
      failed += 1;
      if (failed >= 2) $("live-failed").hidden = false;
    }
    setTimeout(turn, EVERY_MS);
  };
  const button = $(SOUND);
  if (button && window.AudioContext) {
    button.hidden = false;
    button.addEventListener("click", () => {
      if (sound) { sound.close(); sound = null; } else { sound = new AudioContext(); beep(); }
      button.setAttribute("aria-pressed", String(Boolean(sound)));
      button.textContent = `有新情况时响一声：${sound ? "开" : "关"}`;
    });
  }
  setTimeout(turn, EVERY_MS);
})();
