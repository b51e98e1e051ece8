// Every rule of html-validate but those that are set here, each for the reason beside it.
module.exports = {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    "no-implicit-close": "off", // rows and cells go without the end tags that HTML lets one leave out: a quarter of a long file
    "wcag/h63": "off", // for the same economy: the first cell of a row is its head, by position, in HTML itself
    "valid-id": ["error", { relaxed: true }], // an id is the name of a tensor, dots and all
    "doctype-style": ["error", { style: "lowercase" }],
    "aria-label-misuse": ["error", { allowAnyNamable: true }], // a list may have a name
  },
};
