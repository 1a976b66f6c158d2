/** The page of the control port. What it shows comes from the script. */
export const markup = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Simulated meters</title>
<link rel="stylesheet" href="/page.css">
<link rel="icon" href="data:,">
<script src="/page.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1><a href="#/">Simulated meters</a></h1>
<p id="template"></p>
<p id="connection" role="status">connecting</p>
</header>
<form id="token-form" hidden>
<label for="token">Token of the control port</label>
<input id="token" type="password" autocomplete="off" required>
<button>Continue</button>
</form>
<p id="message" role="alert" hidden></p>
<main id="content" tabindex="-1">
<section id="fleet-view" aria-labelledby="fleet-title">
<h2 id="fleet-title">The fleet</h2>
<dl id="figures" class="figures"></dl>
<form id="time-form" class="row">
<fieldset>
<legend>Simulated time</legend>
<output id="now"></output>
<label>Speed <input id="speed" type="number" min="0" step="any" required></label>
<button>Set</button>
<button type="button" id="step-hour">Step one hour</button>
<button type="button" id="step-day">Step one day</button>
</fieldset>
</form>
<form id="feeder-form" class="row">
<fieldset>
<legend>Power of a feeder or transformer</legend>
<label>Name <input id="feeder" value="feeder-1" pattern="(feeder|transformer)-[1-9][0-9]*" required></label>
<button name="on" value="false">Power off</button>
<button name="on" value="true">Power on</button>
</fieldset>
</form>
<form id="find-form" class="row" role="search">
<fieldset>
<legend>Find a meter</legend>
<label>Serial number <input id="find" autocomplete="off" required></label>
<button>Open</button>
</fieldset>
</form>
<h3 id="meters-title">Meters</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="meters-title">
<table><thead><tr><th scope="col">Serial number</th><th scope="col">Name</th><th scope="col">Feeder</th><th scope="col">Sessions</th></tr></thead>
<tbody id="meters"></tbody></table>
</div>
<p class="row"><button id="earlier">Previous</button> <span id="range"></span> <button id="later">Next</button></p>
<h3 id="faults-title">Faults</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="faults-title">
<table><thead><tr><th scope="col">Name</th><th scope="col">Meters</th><th scope="col">On</th></tr></thead><tbody id="faults"></tbody></table>
</div>
<h3 id="snapshots-title">Snapshots</h3>
<p class="row"><button id="take">Take a snapshot</button></p>
<ul id="snapshots" aria-labelledby="snapshots-title"></ul>
<h3 id="events-title">What happens</h3>
<ol id="events" class="log" tabindex="0" role="log" aria-labelledby="events-title"></ol>
</section>
<section id="meter-view" aria-labelledby="meter-title" hidden>
<p><a href="#/">All meters</a></p>
<h2 id="meter-title" tabindex="-1"></h2>
<dl id="meter-facts" class="figures"></dl>
<p class="row" id="actions"></p>
<h3 id="day-title">The last day</h3>
<p class="row"><label>Column <select id="column"></select></label></p>
<figure><div id="chart"></div><figcaption id="chart-caption"></figcaption></figure>
<h3 id="values-title">Values</h3>
<p class="row"><label>Filter <input id="filter" autocomplete="off"></label></p>
<div class="scroll tall" tabindex="0" role="region" aria-labelledby="values-title">
<table><thead><tr><th scope="col">Logical name</th><th scope="col">Name</th><th scope="col">Value</th></tr></thead><tbody id="values"></tbody></table>
</div>
<h3 id="sessions-title">Sessions</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="sessions-title">
<table><thead><tr><th scope="col">Client</th><th scope="col">From</th><th scope="col">Since</th><th scope="col">Status</th><th scope="col">End</th></tr></thead><tbody id="sessions"></tbody></table>
</div>
<h3 id="apdus-title">Last APDUs</h3>
<p>APDUs are kept from the moment when this meter is opened here.</p>
<div id="apdus"></div>
</section>
</main>
</body>
</html>
`;
