// Ticks whole branches of an act page at a touch, fills one text into those that are ticked, and
// keeps the numbers right. Without this file the same buttons are submitted.
(() => {
  "use strict";
  const branches = [...document.querySelectorAll(".act-branch")];
  if (branches.length === 0) return;
  const boxes = (root) => [...root.querySelectorAll("input[type=checkbox]")];
  const ticked = (root) => boxes(root).filter((box) => box.checked);
  const counted = document.querySelector("[data-counted]");

  const update = () => {
    for (const branch of branches) {
      const all = branch.querySelectorAll("li").length;
      branch.querySelector("[data-count]").textContent = `${ticked(branch).length} / ${all}`;
    }
    if (counted) counted.textContent = branches.reduce((n, one) => n + ticked(one).length, 0);
  };
  for (const button of document.querySelectorAll("[data-all]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      for (const box of boxes(button.closest(".act-branch"))) box.checked = button.dataset.all !== "";
      update();
    });
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches(".act-branch input[type=checkbox]")) update();
  });
  const fill = document.querySelector("[data-fill]");
  fill?.addEventListener("click", (event) => {
    const same = document.getElementById("same");
    const chosen = branches.flatMap(ticked);
    // What is missing is said by the server.
    if (same.value.trim() === "" || chosen.length === 0) return;
    event.preventDefault();
    for (const box of chosen) {
      const row = box.closest("li");
      row.querySelector("textarea").value = same.value.trim();
      row.querySelector(".has-error")?.classList.remove("has-error");
      row.querySelector(".field-error")?.remove();
      box.checked = false;
    }
    same.value = "";
    update();
  });
})();
