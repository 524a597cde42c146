package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/gorilla/mux"
)

// The types of `pulumi api`, which reads Pulumi Cloud's OpenAPI document. The library that parses it takes a quarter of
// the CLI's compile time, so this build has the command's types but not its parser.

type ParamSpec struct {
	Name        string   `json:"name"`
	In          string   `json:"in"`
	Type        string   `json:"type"`
	Required    bool     `json:"required,omitempty"`
	Description string   `json:"description,omitempty"`
	Values      []string `json:"values,omitempty"`
}

type ResponseSpec struct {
	Status, Description, ContentType, SchemaText, SchemaMarkdown string
	SchemaJSON                                                   json.RawMessage
}

type ErrorRef struct{ Status, Description string }

type Operation struct {
	OperationID, Method, Path, Summary, Description, Tag              string
	BodyContentType, BodySchemaText, BodySchemaMarkdown, SupersededBy string
	ResponseContentType, ResponseSchemaText                           string
	HasBody, IsPreview, IsDeprecated                                  bool
	Params                                                            []ParamSpec
	SuccessContentTypes                                               []string
	BodySchemaJSON, ResponseSchemaJSON                                json.RawMessage
	InlineResponses                                                   []ResponseSpec
	StockErrors                                                       []ErrorRef
}

func (o *Operation) Key() string { return o.Method + " " + o.Path }

type Index struct {
	Operations  []*Operation
	ByKey       map[string]*Operation
	SpecVersion string
	router      *mux.Router
}

var methodPrecedence = map[string]int{}

// LoadIndex is what every part of `pulumi api` begins with.
func LoadIndex(context.Context, io.Writer, bool) (*Index, error) {
	return nil, errors.New("the lab's build of Pulumi has no `pulumi api`: install Pulumi")
}
