// The start: forwards whoever is signed in, and shows developers the address to use.

import { get } from "./api.js";
import { DASHBOARD } from "./navigation.js";

const baseUrl = document.getElementById("base-url");
if (baseUrl) baseUrl.textContent = location.origin + document.documentElement.dataset.basePath;

const answer = await get("/get-session");
if (answer.ok && answer.data) location.replace(DASHBOARD);
