package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

func kindOf(obj client.Object) string { return obj.GetObjectKind().GroupVersionKind().Kind }

func setKind(obj client.Object, kind string) {
	obj.GetObjectKind().SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(kind))
}

// Default fills obj with the defaults of the library. A Workflow has none.
func Default(obj client.Object) error {
	if d, ok := obj.(webhook.CustomDefaulter); ok {
		return d.Default(context.Background(), obj.(runtime.Object))
	}
	return nil
}

// Validate returns the errors that the library finds in obj.
func Validate(obj client.Object) (err error) {
	v, ok := obj.(webhook.CustomValidator)
	if !ok {
		return fmt.Errorf("%s %s: the library does not check this kind", kindOf(obj), obj.GetName())
	}
	defer func() { // the library dereferences the pointer to a missing specification
		if p := recover(); p != nil {
			err = fmt.Errorf("%s %s: the library's check panics: %v", kindOf(obj), obj.GetName(), p)
		}
	}()
	if _, err := v.ValidateCreate(context.Background(), obj); err != nil {
		return fmt.Errorf("%s %s: %w", kindOf(obj), obj.GetName(), err)
	}
	return nil
}

// Write writes objects as YAML documents. It leaves out the status, which only the
// controller sets.
func Write(w io.Writer, objects []client.Object) error {
	for i, obj := range objects {
		data, err := json.Marshal(obj)
		if err != nil {
			return err
		}
		var fields map[string]any
		if err := json.Unmarshal(data, &fields); err != nil {
			return err
		}
		delete(fields, "status")
		if meta, ok := fields["metadata"].(map[string]any); ok && meta["creationTimestamp"] == nil {
			delete(meta, "creationTimestamp")
		}
		text, err := yaml.Marshal(fields)
		if err != nil {
			return err
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// Read reads YAML documents of Chaos Mesh. Unknown kinds, and fields that a kind does
// not have, are errors. They name the document, counted from 1.
func Read(data []byte) ([]client.Object, error) {
	kinds := v1alpha1.AllKindsIncludeScheduleAndWorkflow()
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	var objects []client.Object
	for n := 1; ; n++ {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		var content any
		if err := yaml.Unmarshal(text, &content); err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		if content == nil {
			continue // the document is only a comment
		}
		obj, err := readOne(text, kinds)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		objects = append(objects, obj)
	}
}

func readOne(text []byte, kinds map[string]*v1alpha1.ChaosKind) (client.Object, error) {
	var meta struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal(text, &meta); err != nil {
		return nil, err
	}
	if want := v1alpha1.SchemeGroupVersion.String(); meta.APIVersion != want {
		return nil, fmt.Errorf("apiVersion %q: want %q", meta.APIVersion, want)
	}
	kind, ok := kinds[meta.Kind]
	if !ok {
		return nil, fmt.Errorf("kind %q: no such kind in Chaos Mesh", meta.Kind)
	}
	obj := kind.SpawnObject()
	if err := decode(text, obj); err != nil {
		return nil, fmt.Errorf("%s: %w", meta.Kind, err)
	}
	return obj, nil
}

// decode reads text as an API server does. yaml.UnmarshalStrict does not: it sets the
// rate of a NetworkChaos as soon as its bandwidth has one.
func decode(text []byte, obj client.Object) error {
	data, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return err
	}
	strict, err := kjson.UnmarshalStrict(data, obj)
	return errors.Join(append(strict, err)...)
}
