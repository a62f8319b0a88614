// The compose form with script: keeps the draft while one types, redraws the right column, takes
// dropped files and says how far they are. Without this file every button posts the whole form.
(() => {
  "use strict";
  const form = document.getElementById("compose");
  if (!form) return;
  const $ = (id) => document.getElementById(id);
  const SAVE_AFTER_MS = 1200;
  let timer = 0, running = false, again = false, leaving = false;

  // Thousands of ticked boxes travel as one field, ids separated by spaces.
  const content = (act) => {
    const data = new FormData(form);
    data.delete("files");
    for (const name of ["to", "cc"]) {
      const ids = data.getAll(name);
      data.delete(name);
      if (ids.length) data.append(name, ids.join(" "));
    }
    data.set("do", act);
    return data;
  };

  // The first save makes the draft; from then on this page is the page of that draft.
  const follow = (header) => {
    const revision = header("x-draft-revision"), address = header("x-draft-address");
    if (revision) $("revision").value = revision;
    if (address && address !== location.pathname) {
      form.action = address;
      history.replaceState(null, "", address);
    }
  };

  // The server's clock times are those of Beijing, wherever the browser stands.
  const clock = () => new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit",
    hourCycle: "h23", timeZone: "Asia/Shanghai" });
  const say = (text, alarming) => {
    $("saved").textContent = text;
    $("saved").className = alarming ? "red" : "soft";
  };

  const save = async () => {
    if (leaving) return;
    if (running) { again = true; return; }
    running = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: content("autosave"),
        credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      follow((name) => answer.headers.get(name));
      $("truth").innerHTML = await answer.text();
      // A form in which nothing is written is not kept.
      const kept = answer.headers.get("x-draft-address");
      say(kept ? `草稿已存 ${clock()}（今天）` : "", false);
    } catch {
      say("▲ 草稿没有存上，请按“保存草稿”再试；写的内容还在本页", true);
    }
    running = false;
    if (again) { again = false; later(); }
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(save, SAVE_AFTER_MS); };

  form.addEventListener("input", (event) => { if (event.target.id !== "files") later(); });
  form.addEventListener("change", (event) => { if (event.target.id !== "files") later(); });
  form.addEventListener("submit", () => { leaving = true; clearTimeout(timer); });

  const upload = (files) => new Promise((done) => {
    const data = new FormData();
    for (const name of ["form_token", "key", "revision"]) data.append(name, form.elements[name].value);
    data.append("do", "upload");
    // A releaser who stands by confirms with the file.
    for (const name of ["confirm_account", "confirm_password", "confirm_reason"]) {
      const field = form.elements[name];
      if (field) data.append(name, field.value);
    }
    for (const file of files) data.append("files", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.action + "?part=files");
    request.upload.addEventListener("progress", (event) => {
      const part = event.total ? Math.floor(event.loaded / event.total * 100) : 0;
      $("upload-progress").textContent = part < 100 ? `正在上传 ${part}%` : "已传完，正在核对";
    });
    request.addEventListener("loadend", () => {
      if (request.status === 200 || request.status === 422) {
        follow((name) => request.getResponseHeader(name));
        $("filelist").innerHTML = request.responseText;
        $("upload-progress").textContent = request.status === 200 ? "已上传" : "";
      } else {
        $("upload-progress").textContent = "▲ 没有传上去，请再选一次文件；若仍不行，请换一条网线或找管理员";
      }
      $("files").value = "";
      done();
      later();
    });
    request.send(data);
  });

  const drop = $("drop");
  $("drop-hint").hidden = false;
  $("files").addEventListener("change", () => { if ($("files").files.length) upload($("files").files); });
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("dropping"); });
  }
  drop.addEventListener("dragleave", (event) => {
    if (!drop.contains(event.relatedTarget)) drop.classList.remove("dropping");
  });
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("dropping");
    if (event.dataTransfer.files.length) upload(event.dataTransfer.files);
  });

  const errors = $("errors");
  if (errors) errors.focus();
})();
