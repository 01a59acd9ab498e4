/* SPDX-License-Identifier: Apache-2.0 */
/* Before the first paint: theme and language, so that nothing flashes. A file of its own because the page allows no inline script. */
(function () {
  var root = document.documentElement, theme = 'auto', lang = null;
  try { theme = localStorage.getItem('outwork-theme') || 'auto'; lang = localStorage.getItem('outwork-lang'); } catch (e) { /* storage blocked */ }
  var dark = theme === 'dark' || (theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
  if (lang) root.lang = lang;
})();
