// Asks every half minute, while the page is looked at, whether the record has changed,
// and says so; the page itself stays as it is until she wishes otherwise. It learns a
// version and nothing of the record. When the session is over, the page is left.
(function () {
  "use strict";
  var news = document.getElementById("news"), first = "", told = false;
  if (!news || !window.fetch) return;
  function tell() {
    told = true;
    var link = document.createElement("a");
    link.href = news.dataset.self;
    link.textContent = news.dataset.show;
    news.className = "notice";
    news.append(news.dataset.say + " ", link);
  }
  function ask() {
    if (told || document.hidden) return;
    fetch(news.dataset.ask, { cache: "no-store", credentials: "same-origin", redirect: "error" }).then(function (answer) {
      if (answer.status === 401) return location.reload();
      if (!answer.ok) return; // asked again
      return answer.text().then(function (version) {
        if (!first) first = version;
        else if (version !== first && !told) tell();
      });
    }).catch(function () {}); // the network may come back
  }
  ask();
  setInterval(ask, 30000);
  document.addEventListener("visibilitychange", ask);
})();
