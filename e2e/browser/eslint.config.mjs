import typescript from "typescript-eslint";

// A forgotten await is the mistake that makes a browser test pass without having looked.
export default typescript.config(
  { ignores: ["node_modules"] },
  {
    files: ["**/*.ts"],
    extends: [typescript.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
  },
);
