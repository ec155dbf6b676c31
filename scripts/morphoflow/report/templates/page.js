// Tables: a click on a heading sorts by its column, a second one the other way round.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.tabIndex = 0;
    const sort = () => {
      const up = head.getAttribute("aria-sort") === "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const order = new Intl.Collator(undefined, { numeric: true });
      const byNumber = head.classList.contains("number");
      const compare = (a, b) => byNumber ? value(a) - value(b) : order.compare(value(a), value(b));
      const rows = [...table.tBodies[0].rows].sort((a, b) => (up ? 1 : -1) * compare(a, b));
      table.tBodies[0].append(...rows);
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => event.key === "Enter" && sort());
  });
}

// Figures: a click opens the large one with its caption, arrows lead to the others.
const large = document.getElementById("large");
const links = [...document.querySelectorAll("a.open")];
let shown = 0;
function show(number) {
  shown = (number + links.length) % links.length;
  const figure = links[shown].closest("figure");
  large.querySelector("img").src = links[shown].href;
  large.querySelector(".caption").innerHTML = figure.querySelector(".caption").innerHTML;
  if (!large.open) large.showModal();
}
links.forEach((link, number) => link.addEventListener("click", (event) => {
  event.preventDefault();
  show(number);
}));
large.addEventListener("keydown", (event) => {
  if (event.key === "ArrowRight") show(shown + 1);
  if (event.key === "ArrowLeft") show(shown - 1);
});
large.addEventListener("click", (event) => event.target === large && large.close());
for (const caption of document.querySelectorAll("figcaption .caption")) {
  caption.addEventListener("click", () => caption.classList.toggle("whole"));
}
