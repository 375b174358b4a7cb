// The gateway counts requests by address. X-Forwarded-For begins with whatever a viewer wrote and ends with CloudFront's own
// addresses, so it gets the viewer's alone, and nobody can write it in advance.
function handler(event) {
    var request = event.request;
    request.headers['x-viewer-address'] = { value: event.viewer.ip };
    return request;
}
