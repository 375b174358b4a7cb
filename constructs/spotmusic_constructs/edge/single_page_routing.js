// Returns the page of the web player for every address that is no file: the player routes in the
// browser. The extension identifies a file; names such as AC.DC or joao.silva have none of these.
// Error responses of the distribution would also replace the 403 and 404 of the API with the page.
var FILE = new RegExp(
    '\\.(?:avif|br|bin|css|csv|gif|gz|html?|ico|jpe?g|js|json|m4a|map|mjs|mp[34]|ogg|otf|pdf|png|' +
    'svg|ttf|txt|wasm|wav|webm|webmanifest|webp|woff2?|xml|zip)$', 'i');
// Paths of the API without a behavior (misspelt, or of a removed version) return 404, not the page.
var API = /^\/+(?:v[0-9]+|auth|audio)(?:\/|$)/i;

function handler(event) {
    var request = event.request;
    if (API.test(request.uri)) {
        return {
            statusCode: 404,
            statusDescription: 'Not Found',
            headers: {
                'content-type': { value: 'application/json' },
                'cache-control': { value: 'no-store' }
            },
            body: { encoding: 'text', data: '{"message":"Not found"}' }
        };
    }
    var wellKnown = request.uri === '/.well-known' || request.uri.indexOf('/.well-known/') === 0;
    if (!wellKnown && !FILE.test(request.uri)) {
        request.uri = '/index.html';
    }
    return request;
}
