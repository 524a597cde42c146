package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Limits of a download. There is none for the whole: a slow line needs its time. Tests shorten them.
var (
	connectLimit = 5 * time.Second  // for a network that drops packets; a refusal takes milliseconds
	stallLimit   = 60 * time.Second // without a byte
	retryPause   = time.Second      // before the second attempt; it grows from there
)

// downloadTries is how often a transfer that broke off is continued within one run.
const downloadTries = 5

// errStalled is why a transfer without a byte for stallLimit was ended.
var errStalled = errors.New("the transfer stalled")

// web honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
var web = &http.Client{Transport: &http.Transport{
	Proxy: http.ProxyFromEnvironment,
	DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{Timeout: connectLimit}).DialContext(ctx, network, address)
	},
	TLSHandshakeTimeout: 2 * connectLimit,
	ForceAttemptHTTP2:   true,
}}

// openURL asks for a file, from an offset on. A server that cannot continue there sends the whole file. The body ends
// with errStalled when no byte arrives for stallLimit. Errors that another attempt cannot change are permanent, and so
// are those of the first connection: a machine without a way out loses no time.
func openURL(ctx context.Context, url string, offset int64) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	if offset > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(stallLimit, func() { cancel(errStalled) })
	response, err := web.Do(request.WithContext(ctx))
	if err != nil {
		timer.Stop()
		if stalled := context.Cause(ctx); errors.Is(stalled, errStalled) {
			err = fmt.Errorf("%s: %w", url, stalled)
		} else if offset == 0 {
			err = backoff.Permanent(err)
		}
		cancel(nil)
		return nil, err
	}
	response.Body = &body{ReadCloser: response.Body, ctx: ctx, cancel: cancel, stall: timer}
	switch code := response.StatusCode; {
	case code == http.StatusOK, code == http.StatusPartialContent && offset > 0:
		return response, nil
	case code >= 500, code == http.StatusTooManyRequests:
		return nil, errors.Join(fmt.Errorf("%s: %s", url, response.Status), response.Body.Close())
	default:
		return nil, backoff.Permanent(errors.Join(fmt.Errorf("%s: %s", url, response.Status), response.Body.Close()))
	}
}

// body is a response's body with the stall limit.
type body struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	stall  *time.Timer
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.stall.Reset(stallLimit)
	}
	if err != nil && err != io.EOF && errors.Is(context.Cause(b.ctx), errStalled) {
		err = errStalled
	}
	return n, err
}

func (b *body) Close() error {
	b.stall.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}

// getText reads a small file.
func getText(ctx context.Context, url string) (string, error) {
	return retry(ctx, func() (string, error) {
		response, err := openURL(ctx, url, 0)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		all, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return string(all), err
	})
}

// offers asks a site for a file without reading it.
func offers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return err
	}
	response, err := web.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

func retry[T any](ctx context.Context, do func() (T, error)) (T, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = retryPause
	return backoff.Retry(ctx, do,
		backoff.WithBackOff(pauses), backoff.WithMaxTries(downloadTries), backoff.WithMaxElapsedTime(0))
}

// transfer writes a file of the web to path. A transfer that breaks off is continued where it stopped.
func transfer(ctx context.Context, url, path string, progress func(done, total int64)) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var done int64
	_, err = retry(ctx, func() (struct{}, error) {
		response, err := openURL(ctx, url, done)
		if err != nil {
			return struct{}{}, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusPartialContent {
			done = 0
		}
		total := done + response.ContentLength // -1: not known
		if _, err := file.Seek(done, io.SeekStart); err != nil {
			return struct{}{}, backoff.Permanent(err)
		}
		buffer := make([]byte, 128<<10)
		for {
			n, err := response.Body.Read(buffer)
			if _, full := file.Write(buffer[:n]); full != nil {
				return struct{}{}, backoff.Permanent(full)
			}
			done += int64(n)
			progress(done, total)
			if err == io.EOF {
				return struct{}{}, backoff.Permanent(file.Truncate(done))
			}
			if err != nil {
				return struct{}{}, fmt.Errorf("%s: after %d bytes: %w", url, done, err)
			}
		}
	})
	return errors.Join(err, file.Close())
}
