// Command crdcheck says what the API server has against CRDs, and against objects of their kinds.
//
// It reads a JSON list of {crd, objects} on stdin and writes, for each, {crd: [...], objects:
// [[...]]}: the errors of the CRD, and those of each object; the code is the API server's own.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	servervalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	kubejson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

type question struct {
	CRD     v1.CustomResourceDefinition `json:"crd"`
	Objects []object                    `json:"objects"`
}

// object is read as the API server reads it: whole numbers are integers.
type object map[string]any

func (o *object) UnmarshalJSON(text []byte) error {
	return kubejson.Unmarshal(text, (*map[string]any)(o))
}

type answer struct {
	CRD     []string   `json:"crd"`
	Objects [][]string `json:"objects"`
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		log.Fatal(err)
	}
	answers := make([]answer, len(questions))
	for i, asked := range questions {
		given, err := judge(asked)
		if err != nil {
			log.Fatal(err)
		}
		answers[i] = given
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

func judge(asked question) (answer, error) {
	ctx := context.Background()
	v1.SetDefaults_CustomResourceDefinition(&asked.CRD)
	v1.SetDefaults_CustomResourceDefinitionSpec(&asked.CRD.Spec)
	var crd apiextensions.CustomResourceDefinition
	if err := v1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&asked.CRD, &crd, nil); err != nil {
		return answer{}, err
	}
	crd.Status.StoredVersions = []string{asked.CRD.Spec.Versions[0].Name}
	given := answer{CRD: texts(validation.ValidateCustomResourceDefinition(ctx, &crd)), Objects: [][]string{}}
	if len(given.CRD) > 0 {
		return given, nil
	}
	props, err := apiextensions.GetSchemaForVersion(&crd, asked.CRD.Spec.Versions[0].Name)
	if err != nil {
		return given, err
	}
	structural, err := schema.NewStructural(props.OpenAPIV3Schema)
	if err != nil {
		return given, err
	}
	validator, _, err := servervalidation.NewSchemaValidator(props.OpenAPIV3Schema)
	if err != nil {
		return given, err
	}
	rules := cel.NewValidator(structural, true, celconfig.PerCallLimit)
	for _, one := range asked.Objects {
		object := map[string]any(one)
		unknown := pruning.PruneWithOptions(object, structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
		defaulting.PruneNonNullableNullsWithoutDefaults(object, structural)
		defaulting.Default(object, structural)
		errs := servervalidation.ValidateCustomResource(nil, object, validator)
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, structural, object)...)
		found, _ := rules.Validate(ctx, nil, structural, object, nil, celconfig.RuntimeCELCostBudget)
		given.Objects = append(given.Objects, append(texts(append(errs, found...)), unknown...))
	}
	return given, nil
}

func texts(errs field.ErrorList) []string {
	found := []string{}
	for _, err := range errs {
		found = append(found, err.Error())
	}
	return found
}
