# Package, app and development shell for Nix.
#
# How far this is checked: test/dev/Flake.test.ts reads it on every test run (balanced, no open
# string, the same Node line, program name and tools as package.json and the scripts use). It has
# not been evaluated or built with Nix yet, and there is no flake.lock: `nix flake check` and
# `nix build` are still to be run where Nix is at hand.
{
  description = "Disaster recovery for Apache Kafka: topics into an archive, and back";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forAllSystems = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      manifest = nixpkgs.lib.importJSON ./package.json;
    in
    {
      packages = forAllSystems (pkgs: {
        default = pkgs.buildNpmPackage {
          pname = manifest.name;
          version = manifest.version;
          src = self;
          nodejs = pkgs.nodejs_24;

          # Every dependency comes from package-lock.json with its hash; nothing else is fetched.
          npmDeps = pkgs.importNpmLock { npmRoot = ./.; };
          npmConfigHook = pkgs.importNpmLock.npmConfigHook;

          # The npm package `node` would download a runtime; Nix brings its own.
          npmFlags = [ "--ignore-scripts" ];
          npmRebuildFlags = [ "--ignore-scripts" ];

          buildPhase = ''
            runHook preBuild
            node dev/build.ts
            runHook postBuild
          '';

          doInstallCheck = true;
          installCheckPhase = ''
            $out/bin/kafka-data-keep --version
          '';

          meta = {
            description = manifest.description;
            license = pkgs.lib.licenses.mit;
            mainProgram = "kafka-data-keep";
          };
        };
      });

      apps = forAllSystems (pkgs: {
        default = {
          type = "app";
          program = pkgs.lib.getExe self.packages.${pkgs.stdenv.hostPlatform.system}.default;
        };
      });

      devShells = forAllSystems (pkgs: {
        # JDK, Maven and Go install and run the local stack.
        default = pkgs.mkShell {
          packages = [
            pkgs.nodejs_24
            pkgs.jdk17
            pkgs.maven
            pkgs.openssl
            pkgs.go
          ];
        };
      });
    };
}
