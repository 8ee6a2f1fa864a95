// Looks a name up, so many times, so many milliseconds apart, and says what it got.
const dns = require('node:dns/promises');
const [name, times, every] = process.argv.slice(2);
(async () => {
  for (let n = 0; n < Number(times); n++) {
    console.log(await dns.lookup(name, { family: 4 }).then((found) => found.address, () => 'none'));
    await new Promise((done) => setTimeout(done, Number(every)));
  }
})();
