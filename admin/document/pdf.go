package document

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdfiumerr "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"caconsole/admin/fault"
)

const (
	engineInstances = 2
	// enginePages bounds the memory of one instance: 8192 pages of 64 KiB are 512 MiB.
	enginePages = 8192
)

// engine is PDFium compiled to WebAssembly: a broken or hostile file can at worst break its own sandbox, which sees
// neither files nor network. There is one engine a process, started when first needed, because compiling it takes
// seconds (a minute under the race detector); the compiled code is kept in the user's cache folder, from where it
// loads in a tenth of a second.
var engine = sync.OnceValues(startEngine)

func startEngine() (pdfium.Pool, error) {
	runtime := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling). // PDFium's setjmp needs them
		WithMemoryLimitPages(enginePages).
		WithCloseOnContextDone(true) // so that Kill ends a loop
	if cache, err := engineCache(); err == nil { // without a cache folder it starts slowly, and works
		runtime = runtime.WithCompilationCache(cache)
	}
	return webassembly.Init(webassembly.Config{
		MaxTotal: engineInstances, RuntimeConfig: runtime,
		FSConfig: wazero.NewFSConfig(), // no files: the library's default is the whole machine
	})
}

// engineCache is private to the user: what lies there is run.
func engineCache() (wazero.CompilationCache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "caconsole", "pdfium")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return wazero.NewCompilationCacheWithDir(dir)
}

// Warm starts the PDF engine, which takes seconds the first time on a machine, so that no upload has to wait for it.
func Warm() error {
	_, err := engine()
	return err
}

// pdf is an open PDF.
type pdf struct {
	in  pdfium.Pdfium
	ref references.FPDF_DOCUMENT
}

// withPDF opens a PDF in a fresh sandbox, which is thrown away afterwards, and ends it by force when the context ends.
// Errors: Invalid "document_unreadable", "document_encrypted"; Unavailable "document_engine_busy".
func withPDF(ctx context.Context, body []byte, fn func(pdf) error) error {
	pool, err := engine()
	if err != nil {
		return fault.Down("document_engine_busy", time.Minute, fmt.Errorf("document: PDF engine: %w", err))
	}
	in, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		return fault.Down("document_engine_busy", 2*time.Second, fmt.Errorf("document: PDF engine: %w", err))
	}
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		_ = in.Kill() // it reports only that the instance is gone already
	})
	err = readPDF(in, body, fn)
	if !stop() {
		<-killed
		return fault.Down("document_engine_busy", 2*time.Second, fmt.Errorf("document: PDF took too long: %w", ctx.Err()))
	}
	return errors.Join(err, in.Close())
}

func readPDF(in pdfium.Pdfium, body []byte, fn func(pdf) error) error {
	open, err := in.OpenDocument(&requests.OpenDocument{File: &body})
	if errors.Is(err, pdfiumerr.ErrPassword) || errors.Is(err, pdfiumerr.ErrSecurity) {
		return fault.New(fault.Invalid, "document_encrypted", nil)
	}
	if err != nil {
		return unreadable(err)
	}
	security, err := in.FPDF_GetSecurityHandlerRevision(&requests.FPDF_GetSecurityHandlerRevision{Document: open.Document})
	if err != nil {
		return unreadable(err)
	}
	if security.SecurityHandlerRevision >= 0 { // also one that opens without a password: it must last for years
		return fault.New(fault.Invalid, "document_encrypted", nil)
	}
	return fn(pdf{in: in, ref: open.Document})
}

func (p pdf) pages() (int, error) {
	count, err := p.in.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: p.ref})
	if err != nil {
		return 0, unreadable(err)
	}
	if count.PageCount < 1 {
		return 0, unreadable(errors.New("document: a PDF without pages"))
	}
	return count.PageCount, nil
}

// draw renders a page (from 1) to fit into width and height and hands it to fn; the picture is gone afterwards.
func (p pdf) draw(page, width, height int, fn func(image.Image) error) error {
	drawn, err := p.in.RenderPageInPixels(&requests.RenderPageInPixels{
		Page:  requests.Page{ByIndex: &requests.PageByIndex{Document: p.ref, Index: page - 1}},
		Width: width, Height: height, RenderForm: true, Document: &p.ref,
	})
	if err != nil {
		return unreadable(err)
	}
	defer drawn.Cleanup()
	return fn(drawn.Result.RenderedImage)
}
