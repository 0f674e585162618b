// Sorts the column cards: by how far apart, by name, or in the order of the table.
for (const button of document.querySelectorAll(".sort button")) {
  button.addEventListener("click", () => {
    const list = document.querySelector(".columns");
    const key = button.dataset.by;
    const cards = [...list.children];
    cards.sort((a, b) =>
      key === "name" ? a.dataset.name.localeCompare(b.dataset.name) : Number(a.dataset[key]) - Number(b.dataset[key]));
    list.append(...cards);
    for (const other of document.querySelectorAll(".sort button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });
}
