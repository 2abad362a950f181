# OmniAuth with its strategy openid_connect, as its documentation has it.
require "sinatra/base"
require "omniauth"
require "omniauth_openid_connect"
require "json"

# The provider speaks plain http at 127.0.0.1 here.
SWD.url_builder = WebFinger.url_builder = URI::HTTP

class App < Sinatra::Base
  enable :sessions
  set :session_secret, "a secret of the check, of sixty-four bytes or more, as the program wants it"
  set :environment, :production
  set :server, :webrick
  set :bind, "127.0.0.1"
  set :port, ENV.fetch("PORT")
  issuer = URI(ENV.fetch("ISSUER"))
  use OmniAuth::Builder do
    provider :openid_connect,
             name: :openid_connect,
             issuer: issuer.to_s,
             discovery: true,
             scope: %i[openid profile email groups],
             response_type: :code,
             client_options: {
               scheme: issuer.scheme, host: issuer.host, port: issuer.port,
               identifier: ENV.fetch("CLIENT_ID"),
               secret: ENV.fetch("CLIENT_SECRET"),
               redirect_uri: "#{ENV.fetch('BASE')}/auth/openid_connect/callback",
             }
  end
  get("/") do
    token = Rack::Protection::AuthenticityToken.token(session)
    content_type "text/html"
    %(<!doctype html><form method="post" action="/auth/openid_connect"><input name="authenticity_token" value="#{token}"><button>Sign in</button></form>)
  end
  get "/auth/openid_connect/callback" do
    auth = request.env["omniauth.auth"]
    session[:me] = { name: auth.info.name, email: auth.info.email, groups: auth.extra.raw_info["groups"] }
    redirect "/me"
  end
  get("/auth/failure") { params["message"].to_s }
  get("/me") { content_type("application/json"); (session[:me] || {}).to_json }
end
App.run!
