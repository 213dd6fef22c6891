// The whole browser ring on one portal and one Chromium, in this order. Each file also runs alone.
import "./roles/session.test.mjs";
import "./plain/pages.test.mjs";
import "./axe.test.mjs";
import "./journeys/auditor.test.mjs";
import "./journeys/audits.test.mjs";
import "./journeys/earlier.test.mjs";
import "./journeys/requests.test.mjs";
import "./journeys/sample.test.mjs";
import "./journeys/verify.test.mjs";
import "./journeys/passkey.test.mjs";
import "./journeys/audit.test.mjs";
import "./journeys/provider.test.mjs";
import "./journeys/live.test.mjs";
import "./journeys/runner.test.mjs";
import "./journeys/imports.test.mjs";
import "./journeys/checklist.test.mjs";
import "./tamper.test.mjs";
