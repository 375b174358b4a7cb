// The gateway counts requests by address. X-Forwarded-For begins with whatever a viewer wrote and ends with CloudFront's own
// addresses, so it gets the viewer's alone, and nobody can write it in advance.
// The id of the request is that of CloudFront's access log (x-edge-request-id): one id from the edge to the log of the service. A
// viewer's own is overwritten: it could be another request's, or eight kilobytes long.
function handler(event) {
    var request = event.request;
    request.headers['x-viewer-address'] = { value: event.viewer.ip };
    request.headers['x-request-id'] = { value: event.context.requestId };
    return request;
}
