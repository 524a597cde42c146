package spec

// ProxyArgs are the build arguments through which a build reaches the network. BuildKit knows them: it keeps them out
// of its cache keys and out of an image's history, and a Dockerfile need not declare them.
var ProxyArgs = []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"}
